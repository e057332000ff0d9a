/** What the end of an invocation does to its execution. */
import { backOffMs } from '../../core/back-off.ts';
import { isOpen } from './durable-execution.ts';
import { RETRY } from './durable-limits.ts';
import type { ExecutionDraft } from './execution-draft.ts';
import { endExecution } from './execution-end.ts';
import type { InvocationEnd } from './invocation-exchange.ts';

export interface CompletedInvocation {
  readonly invocationId: string;
  /** Service time, epoch milliseconds. */
  readonly startMs: number;
  readonly end: InvocationEnd;
  /** Something has changed meanwhile that the function has not been told. */
  readonly hasNews: boolean;
}

export function completeInvocation(draft: ExecutionDraft, completed: CompletedInvocation): void {
  const { invocationId, startMs, end, hasNews } = completed;
  draft.record({
    EventType: 'InvocationCompleted',
    InvocationCompletedDetails: {
      StartTimestamp: new Date(startMs),
      EndTimestamp: new Date(draft.nowMs),
      RequestId: invocationId,
      ...('error' in end ? { Error: { Payload: end.error } } : {}),
    },
  });
  if (draft.execution.status === 'RUNNING') follow(draft, end, hasNews);
}

function follow(draft: ExecutionDraft, end: InvocationEnd, hasNews: boolean): void {
  switch (end.status) {
    case 'SUCCEEDED':
      return endExecution(draft, 'SUCCEEDED', end.result, {});
    case 'FAILED':
      return endExecution(draft, 'FAILED', undefined, end.error);
    case 'PENDING':
      if (hasNews) return draft.set({ failures: 0, needsInvocation: true });
      if ([...draft.operations()].some(isOpen)) return draft.set({ failures: 0, needsInvocation: false });
      return endExecution(draft, 'FAILED', undefined, {
        ErrorType: 'InvalidParameterValueException',
        ErrorMessage: 'Cannot return PENDING status with no pending operations.',
      });
    default: {
      const failures = draft.execution.failures + 1;
      const retryMs = draft.nowMs + backOffMs(RETRY, failures);
      draft.set({ failures, needsInvocation: true, retryMs });
    }
  }
}

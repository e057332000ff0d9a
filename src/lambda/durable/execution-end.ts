import type { DurableOperation, ErrorObject, ExecutionStatus } from './durable-execution.ts';
import type { ExecutionDraft } from './execution-draft.ts';

/** The execution has come to an end; nothing that still waits for it matters any more. */
export function endExecution(
  draft: ExecutionDraft,
  status: Exclude<ExecutionStatus, 'RUNNING'>,
  result: string | undefined,
  error: ErrorObject,
): void {
  draft.set({
    status,
    endMs: draft.nowMs,
    needsInvocation: false,
    retryMs: undefined,
    ...(status === 'SUCCEEDED' ? (result === undefined ? {} : { result }) : { error }),
  });
  const Id = draft.execution.executionId;
  const failure = { Error: { Payload: error } };
  switch (status) {
    case 'SUCCEEDED': {
      const Result = result === undefined ? {} : { Payload: result };
      draft.record({ EventType: 'ExecutionSucceeded', Id, ExecutionSucceededDetails: { Result } });
      return;
    }
    case 'FAILED':
      draft.record({ EventType: 'ExecutionFailed', Id, ExecutionFailedDetails: failure });
      return;
    case 'TIMED_OUT':
      draft.record({ EventType: 'ExecutionTimedOut', Id, ExecutionTimedOutDetails: failure });
      return;
    case 'STOPPED':
      draft.record({ EventType: 'ExecutionStopped', Id, ExecutionStoppedDetails: failure });
  }
}

/** How a callback or a chained invocation has ended. */
export interface OperationEnd {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED';
  readonly result?: string | undefined;
  readonly error?: ErrorObject | undefined;
}

/** Ends a callback or chained invocation that is still open; the function is to hear of it. */
export function endOperation(draft: ExecutionDraft, operation: DurableOperation, end: OperationEnd): void {
  const { status, result, error = {} } = end;
  draft.close(operation, {
    status,
    ...(status !== 'SUCCEEDED' ? { error } : result === undefined ? {} : { result }),
  });
  draft.news.add(operation.id);
  const prefix = operation.type === 'CALLBACK' ? 'Callback' : 'ChainedInvoke';
  const suffix = { SUCCEEDED: 'Succeeded', FAILED: 'Failed', TIMED_OUT: 'TimedOut', STOPPED: 'Stopped' }[
    status
  ];
  const outcome =
    status === 'SUCCEEDED'
      ? { Result: result === undefined ? {} : { Payload: result } }
      : { Error: { Payload: error } };
  draft.recordOf(operation, {
    EventType: `${prefix}${suffix}` as 'CallbackSucceeded',
    [`${prefix}${suffix}Details`]: outcome,
  });
}

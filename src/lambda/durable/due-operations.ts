/** What the passing of time does to an execution. */
import type { DurableExecution, DurableOperation } from './durable-execution.ts';
import { isOpen } from './durable-execution.ts';
import type { ExecutionDraft } from './execution-draft.ts';
import { endExecution, endOperation } from './execution-end.ts';

/** When something is due next; infinite where nothing is. */
export function nextDueMs(execution: DurableExecution, operations: Iterable<DurableOperation>): number {
  let nextMs = Math.min(execution.timeoutMs, execution.retryMs ?? Number.POSITIVE_INFINITY);
  for (const operation of operations) nextMs = Math.min(nextMs, dueOf(operation));
  return nextMs;
}

/** Does what is due by now, in the order in which it was; nothing to an execution that has ended. */
export function applyDue(draft: ExecutionDraft): void {
  if (draft.execution.status !== 'RUNNING') return;
  const due = [...draft.operations()]
    .filter((operation) => dueOf(operation) <= draft.nowMs)
    .sort((a, b) => dueOf(a) - dueOf(b) || a.sequence - b.sequence);
  for (const operation of due) fall(draft, operation);
  const { timeoutMs, retryMs } = draft.execution;
  if (timeoutMs <= draft.nowMs) {
    endExecution(draft, 'TIMED_OUT', undefined, {
      ErrorType: 'DurableExecution.TimedOut',
      ErrorMessage: `The durable execution timed out after ${draft.execution.executionTimeoutSeconds} seconds.`,
    });
  } else if (retryMs !== undefined && retryMs <= draft.nowMs) {
    draft.set({ retryMs: undefined, needsInvocation: true });
  }
}

function dueOf(operation: DurableOperation): number {
  if (!isOpen(operation)) return Number.POSITIVE_INFINITY;
  const { dueMs, callback } = operation;
  return Math.min(
    ...[dueMs, callback?.timeoutMs, callback?.heartbeatMs].map((ms) => ms ?? Number.POSITIVE_INFINITY),
  );
}

function fall(draft: ExecutionDraft, operation: DurableOperation): void {
  switch (operation.type) {
    case 'WAIT':
      draft.close(operation, { status: 'SUCCEEDED' });
      draft.recordOf(operation, {
        EventType: 'WaitSucceeded',
        WaitSucceededDetails: { Duration: operation.waitSeconds },
      });
      break;
    case 'STEP': {
      const { dueMs: _, ...rest } = operation;
      draft.put({ ...rest, status: 'READY' });
      break;
    }
    default: {
      const isHeartbeat = (operation.callback?.timeoutMs ?? Number.POSITIVE_INFINITY) > draft.nowMs;
      const ErrorMessage = isHeartbeat ? 'Callback timed out on heartbeat' : 'Callback timed out';
      endOperation(draft, operation, {
        status: 'TIMED_OUT',
        error: { ErrorType: isHeartbeat ? 'Callback.Heartbeat' : 'Callback.Timeout', ErrorMessage },
      });
    }
  }
  draft.news.add(operation.id);
}

/** How large an execution may grow. */
import type { OperationUpdate } from '@aws-sdk/client-lambda';
import { invalidParameter } from '../control/lambda-errors.ts';
import { MAX_EXECUTION_OPERATIONS, MAX_EXECUTION_PAYLOAD_BYTES } from './durable-limits.ts';
import type { ExecutionDraft } from './execution-draft.ts';

/** Bytes of what functions have given to be kept, all of it together. */
export function payloadBytes(payload: string | undefined, error?: OperationUpdate['Error']): number {
  const errorBytes = error === undefined ? 0 : Buffer.byteLength(JSON.stringify(error));
  return Buffer.byteLength(payload ?? '') + errorBytes;
}

/**
 * Counts what updates that have been applied bring along. Throws `InvalidParameterValueException` where the execution
 * has become too large, for which AWS's SDK gives up the execution. The words are not AWS's.
 */
export function countUpdates(draft: ExecutionDraft, updates: readonly OperationUpdate[]): void {
  const { operationCount, payloadBytes: before = 0 } = draft.execution;
  const added = updates.reduce((sum, { Payload, Error: error }) => sum + payloadBytes(Payload, error), 0);
  if (operationCount > MAX_EXECUTION_OPERATIONS) {
    throw invalidParameter(
      `A durable execution can have at most ${MAX_EXECUTION_OPERATIONS} durable operations.`,
    );
  }
  if (before + added > MAX_EXECUTION_PAYLOAD_BYTES) {
    throw invalidParameter(
      `The payloads of a durable execution can have at most ${MAX_EXECUTION_PAYLOAD_BYTES} bytes together.`,
    );
  }
  if (added > 0) draft.set({ payloadBytes: before + added });
}

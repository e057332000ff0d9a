/** Tokens of checkpoints and ids of callbacks: opaque to clients, base64 as the model demands. */

/** A token is good for one checkpoint; `sequence` grows with each. */
export interface CheckpointToken {
  readonly executionId: string;
  readonly invocationId: string;
  readonly sequence: number;
}

export function encodeCheckpointToken({ executionId, invocationId, sequence }: CheckpointToken): string {
  return Buffer.from(JSON.stringify([executionId, invocationId, sequence])).toString('base64');
}

export interface CallbackTarget {
  readonly executionId: string;
  readonly operationId: string;
}

export function encodeCallbackId({ executionId, operationId }: CallbackTarget, secret: string): string {
  return Buffer.from(JSON.stringify([executionId, operationId, secret])).toString('base64');
}

/** Undefined for what is no callback id. */
export function decodeCallbackId(callbackId: string): CallbackTarget | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(callbackId, 'base64').toString());
    if (!Array.isArray(parts) || parts.length !== 3) return undefined;
    const [executionId, operationId] = parts as unknown[];
    if (typeof executionId !== 'string' || typeof operationId !== 'string') return undefined;
    return { executionId, operationId };
  } catch {
    return undefined;
  }
}

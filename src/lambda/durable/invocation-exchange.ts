/** What an invocation of a durable function is given, and how its answer is read. */
import type { InvocationResult } from '../invoke/outcome.ts';
import type { DurableExecution, DurableOperation, ErrorObject } from './durable-execution.ts';
import { durableExecutionArn, executionOperation } from './durable-execution.ts';
import { MAX_INITIAL_STATE_BYTES } from './durable-limits.ts';
import { replayed, shownOperation } from './shown-operation.ts';

/** The event; operations that do not fit are fetched by the function, from the marker on. */
export function invocationInput(
  execution: DurableExecution,
  operations: ReadonlyMap<string, DurableOperation>,
  checkpointToken: string,
  news: ReadonlySet<string>,
): Buffer {
  const all = stateOf(execution, operations);
  const shown: string[] = [];
  let bytes = 0;
  for (const operation of all) {
    const text = JSON.stringify(operation, timestamps);
    bytes += Buffer.byteLength(text);
    if (bytes > MAX_INITIAL_STATE_BYTES && shown.length > 0) break;
    shown.push(text);
  }
  const marker = shown.length < all.length ? `,"NextMarker":"${shown.length}"` : '';
  const head = JSON.stringify({
    DurableExecutionArn: durableExecutionArn(execution),
    CheckpointToken: checkpointToken,
    UpdatedOperationIds: [...news],
  }).slice(0, -1);
  return Buffer.from(`${head},"InitialExecutionState":{"Operations":[${shown.join(',')}]${marker}}}`);
}

/** All that a replay needs: the execution first, then its operations. */
export function stateOf(execution: DurableExecution, operations: ReadonlyMap<string, DurableOperation>) {
  return [
    shownOperation(executionOperation(execution), execution.input),
    ...replayed(operations).map((operation) => shownOperation(operation, undefined)),
  ];
}

/** AWS's SDK reads times of the event as it does those of the API: seconds since the epoch or a date. */
function timestamps(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key];
  return own instanceof Date ? own.getTime() / 1_000 : value;
}

export type InvocationEnd =
  | { readonly status: 'SUCCEEDED'; readonly result: string | undefined }
  | { readonly status: 'FAILED'; readonly error: ErrorObject }
  | { readonly status: 'PENDING' }
  /** The function itself failed: it is invoked again. */
  | { readonly status: 'RETRY'; readonly error: ErrorObject };

/** What an invocation has come to. */
export function invocationEnd({ payload, functionError }: InvocationResult): InvocationEnd {
  const answer = parsed(payload);
  if (functionError !== undefined) return { status: 'RETRY', error: errorOfPayload(answer) };
  const { Status, Result, Error: error } = (answer ?? {}) as Record<string, unknown>;
  switch (Status) {
    case 'SUCCEEDED':
      return { status: 'SUCCEEDED', result: typeof Result === 'string' ? Result : undefined };
    case 'FAILED':
      return { status: 'FAILED', error: (error ?? {}) as ErrorObject };
    case 'PENDING':
      return { status: 'PENDING' };
    default:
      return {
        status: 'FAILED',
        error: {
          ErrorType: 'InvalidParameterValueException',
          ErrorMessage:
            'Invalid Status in invocation output: a durable function answers with SUCCEEDED, FAILED or PENDING, as the durable execution SDK does.',
        },
      };
  }
}

/** An error of a function in the form that durable operations have it. */
export function errorOfPayload(payload: unknown): ErrorObject {
  const { errorMessage, errorType, stackTrace, trace } = (payload ?? {}) as Record<string, unknown>;
  const stack = [stackTrace, trace].find(Array.isArray);
  return {
    ...(typeof errorType === 'string' ? { ErrorType: errorType } : {}),
    ...(typeof errorMessage === 'string' ? { ErrorMessage: errorMessage } : {}),
    ...(stack === undefined ? {} : { StackTrace: stack.map(String) }),
  };
}

/** Undefined for what is no JSON, as what a custom runtime reports need not be. */
export function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}

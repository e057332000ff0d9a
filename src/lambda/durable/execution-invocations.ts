/** The functions that executions run: their own, and those that they chain. */
import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { InternalEvent, InternalTarget } from '../invoke/invoke.ts';
import type { InvocationResult } from '../invoke/outcome.ts';
import type { DurableExecution, DurableOperation } from './durable-execution.ts';
import type { OperationEnd } from './execution-end.ts';
import type { InvocationEnd } from './invocation-exchange.ts';
import { errorOfPayload, invocationEnd, parsed } from './invocation-exchange.ts';

export interface FunctionRuns {
  /** Runs a version as it is, durable or not. */
  runVersion(target: InternalTarget, event: InternalEvent): Promise<InvocationResult>;
  /** Invokes a function as a caller would; a durable one runs to its end. */
  run(target: InternalTarget, event: InternalEvent, durableExecutionName: string): Promise<InvocationResult>;
}

/** Runs the version of the execution; throws AWS's error where it cannot be run. */
export async function invokeOwn(
  runs: FunctionRuns,
  execution: DurableExecution,
  requestId: string,
  payload: Buffer,
): Promise<InvocationEnd> {
  const { accountId, region, functionName, version, traceId, tenantId } = execution;
  const target = { accountId, region, functionName, qualifier: version };
  return invocationEnd(await runs.runVersion(target, { requestId, payload, traceId, tenantId }));
}

/** After a crash a chained invocation is begun again: at least once, as all that is asynchronous. */
export async function invokeChained(
  runs: FunctionRuns,
  ids: Ids,
  execution: DurableExecution,
  operation: DurableOperation,
): Promise<OperationEnd> {
  const { functionName, payload = 'null', tenantId } = operation.chained!;
  const { accountId, region, traceId } = execution;
  const event = { requestId: ids.uuid(), payload: Buffer.from(payload), traceId, tenantId };
  try {
    const name = chainedName(execution, operation);
    const outcome = await runs.run({ accountId, region, functionName }, event, name);
    if (outcome.functionError === undefined)
      return { status: 'SUCCEEDED', result: outcome.payload.toString() };
    return { status: 'FAILED', error: errorOfPayload(parsed(outcome.payload)) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { status: 'FAILED', error: { ErrorType: error.code, ErrorMessage: error.message } };
  }
}

/** Stable, so that what a crash made begin again is found to have begun; at most 64 characters. */
function chainedName({ executionId }: DurableExecution, { id }: DurableOperation): string {
  return createHash('sha256').update(`${executionId}/${id}`).digest('hex');
}

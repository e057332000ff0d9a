/** The operations of Lambda's API about durable executions. */
import type { Execution } from '@aws-sdk/client-lambda';
import type { AwsError } from '../../core/errors.ts';
import type { LambdaOperations } from '../control/control-context.ts';
import { invalidParameter } from '../control/lambda-errors.ts';
import { functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionDirectory } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import { callbackNotFound, invalidCheckpointToken } from './durable-errors.ts';
import type { DurableExecution, ExecutionSummary } from './durable-execution.ts';
import { durableExecutionArn, executionIdOf } from './durable-execution.ts';
import type { DurableExecutions } from './durable-executions.ts';
import { DEFAULT_PAGE_ITEMS } from './durable-limits.ts';
import type { OperationEnd } from './execution-end.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { decodeCallbackId } from './execution-token.ts';
import { stateOf } from './invocation-exchange.ts';
import { shownEvent } from './shown-event.ts';
import { shownOperation } from './shown-operation.ts';

type Names =
  | 'CheckpointDurableExecution'
  | 'GetDurableExecution'
  | 'GetDurableExecutionHistory'
  | 'GetDurableExecutionState'
  | 'ListDurableExecutionsByFunction'
  | 'SendDurableExecutionCallbackFailure'
  | 'SendDurableExecutionCallbackHeartbeat'
  | 'SendDurableExecutionCallbackSuccess'
  | 'StopDurableExecution';

export function durableOperations(
  executions: DurableExecutions,
  directory: Pick<FunctionDirectory, 'find'>,
): Required<Pick<LambdaOperations, Names>> {
  const runnerOf = (arn: string): ExecutionRunner => {
    const runner = executions.runner(executionIdOf(arn));
    // An execution that has ended takes no more checkpoints: its token is worth nothing.
    if (runner === undefined) throw invalidCheckpointToken();
    return runner;
  };
  return {
    async CheckpointDurableExecution(input) {
      const runner = runnerOf(input.DurableExecutionArn!);
      const { CheckpointToken, ClientToken, Updates = [] } = input;
      const { token, operations } = await runner.checkpoint(CheckpointToken!, ClientToken, Updates);
      return {
        ...(token === undefined ? {} : { CheckpointToken: token }),
        NewExecutionState: {
          Operations: operations.map((operation) => shownOperation(operation, undefined)),
        },
      };
    },

    async GetDurableExecutionState(input) {
      const runner = runnerOf(input.DurableExecutionArn!);
      runner.checkToken(input.CheckpointToken!);
      const { page, next } = pageOf(stateOf(runner.execution, runner.operations), input);
      return { Operations: page, ...(next === undefined ? {} : { NextMarker: next }) };
    },

    async GetDurableExecution(input) {
      const execution = executions.get(input.DurableExecutionArn!);
      const withData = input.IncludeExecutionData !== false;
      return {
        ...shownExecution(execution),
        Version: execution.version,
        TraceHeader: { XAmznTraceId: execution.traceId },
        DurableConfig: {
          ExecutionTimeout: execution.executionTimeoutSeconds,
          RetentionPeriodInDays: execution.retentionDays,
          ...(execution.key === undefined ? {} : { KMSKeyArn: execution.key.kmsKeyArn }),
        },
        ExecutionDataIncluded: withData,
        ...(withData ? shownData(await executions.whole(execution)) : {}),
      };
    },

    async GetDurableExecutionHistory(input) {
      const execution = executions.get(input.DurableExecutionArn!);
      const limit = input.MaxItems || DEFAULT_PAGE_ITEMS;
      const afterId = markerOf(input.Marker);
      const found = await executions.events(execution, {
        afterId,
        reverse: input.ReverseOrder === true,
        limit,
        withData: input.IncludeExecutionData !== false,
      });
      const last = found.at(-1)?.eventId;
      // More may have happened while the events were read: whoever goes on behind the last of them finds nothing.
      const isLast =
        input.ReverseOrder === true ? last === 1 : last !== undefined && last >= execution.eventCount;
      return {
        Events: found.map((event) => shownEvent(event, input.IncludeExecutionData !== false)),
        ...(last === undefined || isLast ? {} : { NextMarker: String(last) }),
      };
    },

    async ListDurableExecutionsByFunction(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName!, input.Qualifier, caller);
      const { accountId, region, functionName, qualifier } = identifier;
      if (directory.find(accountId, region, functionName, LATEST) === undefined)
        throw functionNotFound({ ...identifier, qualifier: undefined });
      const all = [...executions.of(accountId, region, functionName)];
      // "Set to true to return results in chronological order (oldest first). Default is false."
      if (input.ReverseOrder !== true) all.reverse();
      const found = all
        .slice(indexBehind(all, input.Marker))
        .filter(
          (execution) =>
            (qualifier === undefined ||
              execution.qualifier === qualifier ||
              execution.version === qualifier) &&
            (input.DurableExecutionName === undefined || execution.name === input.DurableExecutionName) &&
            (input.Statuses === undefined || input.Statuses.includes(execution.status)) &&
            (input.StartedAfter === undefined || execution.startMs > input.StartedAfter.getTime()) &&
            (input.StartedBefore === undefined || execution.startMs < input.StartedBefore.getTime()),
        );
      const page = found.slice(0, input.MaxItems || DEFAULT_PAGE_ITEMS);
      return {
        DurableExecutions: page.map(shownExecution),
        ...(page.length < found.length ? { NextMarker: page.at(-1)!.executionId } : {}),
      };
    },

    async SendDurableExecutionCallbackSuccess(input) {
      const Result = Buffer.from((input.Result ?? '') as Uint8Array).toString();
      await endCallback(executions, input.CallbackId!, {
        status: 'SUCCEEDED',
        result: Result === '' ? undefined : Result,
      });
      return {};
    },

    async SendDurableExecutionCallbackFailure(input) {
      await endCallback(executions, input.CallbackId!, { status: 'FAILED', error: input.Error ?? {} });
      return {};
    },

    async SendDurableExecutionCallbackHeartbeat(input) {
      const { runner, operationId } = callbackOf(executions, input.CallbackId!);
      await runner.heartbeat(operationId, input.CallbackId!);
      return {};
    },

    async StopDurableExecution(input) {
      const arn = input.DurableExecutionArn!;
      await executions.runner(executions.get(arn).executionId)?.stop(input.Error ?? {});
      return { StopTimestamp: new Date(executions.get(arn).endMs!) };
    },
  };
}

function shownExecution(
  execution: ExecutionSummary,
): Required<Omit<Execution, 'EndTimestamp' | 'KMSKeyArn'>> {
  const { region, accountId, functionName, qualifier, endMs, key } = execution;
  return {
    DurableExecutionArn: durableExecutionArn(execution),
    DurableExecutionName: execution.name,
    FunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}:${qualifier}`,
    Status: execution.status,
    StartTimestamp: new Date(execution.startMs),
    ...(endMs === undefined ? {} : { EndTimestamp: new Date(endMs) }),
    ...(key === undefined ? {} : { KMSKeyArn: key.kmsKeyArn }),
  };
}

function shownData({ input, result, error }: DurableExecution) {
  return {
    InputPayload: input,
    ...(result === undefined ? {} : { Result: result }),
    ...(error === undefined ? {} : { Error: { ...error } }),
  };
}

async function endCallback(
  executions: DurableExecutions,
  callbackId: string,
  end: OperationEnd,
): Promise<void> {
  const { runner, operationId } = callbackOf(executions, callbackId);
  await runner.endCallback(operationId, callbackId, end);
}

function callbackOf(
  executions: DurableExecutions,
  callbackId: string,
): { readonly runner: ExecutionRunner; readonly operationId: string } {
  const target = decodeCallbackId(callbackId);
  const runner = target && executions.runner(target.executionId);
  if (target === undefined || runner === undefined) throw callbackNotFound(callbackId);
  return { runner, operationId: target.operationId };
}

/** Where a page begins. The marker is the execution before it: others may begin and end meanwhile. */
function indexBehind(all: readonly ExecutionSummary[], marker: string | undefined): number {
  if (marker === undefined) return 0;
  const index = all.findIndex(({ executionId }) => executionId === marker);
  if (index < 0) throw invalidMarker(marker);
  return index + 1;
}

/** A page whose marker is the number of the items before it. */
function pageOf<T>(
  items: readonly T[],
  { MaxItems, Marker }: { readonly MaxItems?: number | undefined; readonly Marker?: string | undefined },
): { readonly page: T[]; readonly next: string | undefined } {
  const from = markerOf(Marker) ?? 0;
  const to = from + (MaxItems || DEFAULT_PAGE_ITEMS);
  return { page: items.slice(from, to), next: to < items.length ? String(to) : undefined };
}

function markerOf(marker: string | undefined): number | undefined {
  if (marker === undefined) return undefined;
  if (!/^\d{1,15}$/.test(marker)) throw invalidMarker(marker);
  return Number(marker);
}

function invalidMarker(marker: string): AwsError {
  return invalidParameter(`Invalid Marker: ${marker}`);
}

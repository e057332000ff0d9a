/** The beginning of a durable execution. */
import type { Ids } from '../../core/ids.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { DurableExecution } from './durable-execution.ts';
import { DEFAULT_RETENTION_DAYS } from './durable-limits.ts';
import type { ExecutionKey } from './execution-cipher.ts';
import { ExecutionDraft } from './execution-draft.ts';
import { payloadBytes } from './execution-size.ts';

export interface StartRequest {
  readonly record: Pick<
    FunctionRecord,
    'accountId' | 'region' | 'functionName' | 'version' | 'durableConfig'
  >;
  /** As the caller named it. */
  readonly qualifier: string;
  readonly name: string | undefined;
  readonly input: string;
  readonly traceId: string;
  readonly tenantId: string | undefined;
  /** Absent where the function has no KMS key for its executions. */
  readonly key?: ExecutionKey;
}

export function newExecution(request: StartRequest, ids: Ids, startMs: number): DurableExecution {
  const { record, qualifier, name, input, traceId, tenantId, key } = request;
  const { accountId, region, functionName, version, durableConfig } = record;
  const { executionTimeoutSeconds, retentionDays = DEFAULT_RETENTION_DAYS } = durableConfig!;
  return {
    executionId: ids.uuid(),
    name: name ?? ids.uuid(),
    accountId,
    region,
    functionName,
    version,
    qualifier,
    input,
    traceId,
    ...(tenantId === undefined ? {} : { tenantId }),
    status: 'RUNNING',
    startMs,
    timeoutMs: startMs + executionTimeoutSeconds * 1_000,
    executionTimeoutSeconds,
    retentionDays,
    ...(key === undefined ? {} : { key }),
    needsInvocation: true,
    failures: 0,
    operationCount: 0,
    payloadBytes: payloadBytes(input),
    eventCount: 0,
  };
}

/** What is stored first of it. */
export function firstDraft(execution: DurableExecution): ExecutionDraft {
  const draft = new ExecutionDraft(execution, new Map(), execution.startMs);
  draft.record({
    EventType: 'ExecutionStarted',
    Id: execution.executionId,
    Name: execution.name,
    ExecutionStartedDetails: {
      Input: { Payload: execution.input },
      ExecutionTimeout: execution.executionTimeoutSeconds,
    },
  });
  return draft;
}

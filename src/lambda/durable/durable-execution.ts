/**
 * What is stored of a durable execution: the execution itself, its operations, and the events of its
 * history. Words are AWS's; times are service time in epoch milliseconds.
 */
import type { Event } from '@aws-sdk/client-lambda';
import type { ExecutionKey } from './execution-cipher.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED';

export type OperationType = 'EXECUTION' | 'CONTEXT' | 'STEP' | 'WAIT' | 'CALLBACK' | 'CHAINED_INVOKE';

/**
 * EXECUTION, CONTEXT: STARTED → SUCCEEDED | FAILED. STEP: STARTED → PENDING (waits for its next attempt)
 * → READY → STARTED …, then SUCCEEDED | FAILED. WAIT: STARTED → SUCCEEDED | CANCELLED. CALLBACK: STARTED →
 * SUCCEEDED | FAILED | TIMED_OUT | CANCELLED. CHAINED_INVOKE: those and STOPPED.
 */
export type OperationStatus =
  | 'STARTED'
  | 'PENDING'
  | 'READY'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'CANCELLED'
  | 'TIMED_OUT'
  | 'STOPPED';

export interface ErrorObject {
  readonly ErrorMessage?: string | undefined;
  readonly ErrorType?: string | undefined;
  readonly ErrorData?: string | undefined;
  readonly StackTrace?: string[] | undefined;
}

export interface DurableOperation {
  readonly id: string;
  /** Its place in the order in which operations began. */
  readonly sequence: number;
  readonly parentId?: string;
  readonly name?: string;
  readonly type: OperationType;
  readonly subType?: string;
  readonly status: OperationStatus;
  readonly startMs: number;
  readonly endMs?: number;
  readonly result?: string;
  readonly error?: ErrorObject;
  /** Of a STEP: attempts that have ended. */
  readonly attempt?: number;
  /** When a WAIT ends, or a STEP has its next attempt. */
  readonly dueMs?: number;
  readonly waitSeconds?: number;
  readonly replayChildren?: boolean;
  readonly callback?: {
    readonly callbackId: string;
    readonly timeoutMs?: number;
    readonly heartbeatSeconds?: number;
    readonly heartbeatMs?: number;
  };
  readonly chained?: { readonly functionName: string; readonly tenantId?: string; readonly payload?: string };
}

export interface DurableExecution {
  readonly executionId: string;
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** The version that every invocation of this execution runs. */
  readonly version: string;
  /** As the caller named the function. */
  readonly qualifier: string;
  readonly input: string;
  readonly traceId: string;
  readonly tenantId?: string;
  readonly status: ExecutionStatus;
  readonly startMs: number;
  /** When it is `TIMED_OUT` unless it has ended. */
  readonly timeoutMs: number;
  readonly executionTimeoutSeconds: number;
  readonly retentionDays: number;
  /** What it takes and gives is kept encrypted. */
  readonly key?: ExecutionKey;
  readonly endMs?: number;
  readonly result?: string;
  readonly error?: ErrorObject;
  /** The function has something to do, or is at it; after a crash it is invoked again. */
  readonly needsInvocation: boolean;
  /** Invocations that failed one after another, and when the next one is tried. */
  readonly failures: number;
  readonly retryMs?: number | undefined;
  /** How many operations have begun, and events have happened. */
  readonly operationCount: number;
  /** Bytes of the payloads that were kept, of all time; absent: none. */
  readonly payloadBytes?: number;
  readonly eventCount: number;
}

/** What lists show of an execution. That and a few numbers is all that is kept in memory once it has ended. */
export type ExecutionSummary = Omit<DurableExecution, 'input' | 'result' | 'error'>;

export function summaryOf(execution: DurableExecution): ExecutionSummary {
  const { input: _, result: __, error: ___, ...summary } = execution;
  return summary;
}

/** An event of the history as the API shows it, but for its time and number. */
export type EventDetails = Omit<Event, 'EventId' | 'EventTimestamp'>;

export interface StoredEvent {
  readonly eventId: number;
  readonly timeMs: number;
  readonly details: EventDetails;
}

export const isOpen = ({ status }: DurableOperation): boolean =>
  status === 'STARTED' || status === 'PENDING' || status === 'READY';

/** The operation that stands for the execution itself has the execution's id. */
export function executionOperation(execution: DurableExecution): DurableOperation {
  const { executionId, status, startMs, endMs } = execution;
  return {
    id: executionId,
    sequence: 0,
    type: 'EXECUTION',
    status: status === 'RUNNING' ? 'STARTED' : status,
    startMs,
    ...(endMs === undefined ? {} : { endMs }),
  };
}

export function durableExecutionArn(execution: ExecutionSummary): string {
  const { region, accountId, functionName, version, name, executionId } = execution;
  return `arn:aws:lambda:${region}:${accountId}:function:${functionName}:${version}/durable-execution/${name}/${executionId}`;
}

/** The id in an ARN, which is the last part of it. */
export function executionIdOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

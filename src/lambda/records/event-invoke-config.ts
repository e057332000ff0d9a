/** Stored: how a function's asynchronous events are retried and where their records go. */
import type { QualifiedTable } from './qualified-table.ts';

/** Absent members have AWS's defaults. */
export interface EventInvokeConfig {
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
  readonly onSuccessArn?: string;
  readonly onFailureArn?: string;
  /** Service time, epoch milliseconds. */
  readonly lastModifiedMs: number;
}

export type EventInvokeConfigTable = QualifiedTable<EventInvokeConfig>;

export const EVENT_INVOKE_CONFIGS = 'lambda.event-invoke-config';

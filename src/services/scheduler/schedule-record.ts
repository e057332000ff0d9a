/** What is stored of schedules, of their groups, and of the invocations that are due. */
import type { Target } from '@aws-sdk/client-scheduler';

export interface GroupKey {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  readonly group: string;
}

export interface ScheduleKey extends GroupKey {
  readonly name: string;
}

export interface GroupRecord extends GroupKey {
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** What is due when, and what is to happen then: all that a caller says of a schedule. */
export interface ScheduleSettings {
  readonly description?: string;
  readonly expression: string;
  /** A name of the IANA database. */
  readonly timezone: string;
  /** Epoch milliseconds, as are all times here. */
  readonly startMs?: number;
  readonly endMs?: number;
  readonly state: 'ENABLED' | 'DISABLED';
  /** Minutes of the flexible window; absent where it is off. */
  readonly windowMinutes?: number;
  readonly target: Target;
  readonly actionAfterCompletion: 'NONE' | 'DELETE';
}

export interface ScheduleRecord extends ScheduleKey, ScheduleSettings {
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** The next due time; absent once there is none any more. */
  readonly nextMs?: number;
}

/** One due time whose target has not been reached yet. */
export interface InvocationRecord {
  readonly executionId: string;
  readonly schedule: ScheduleKey;
  /** As it was when it became due. */
  readonly target: Target;
  readonly scheduledMs: number;
  /** When it is tried first, the scheduled time or a moment of its window; from here on its age is counted. */
  readonly beginMs: number;
  /** When it is tried next. */
  readonly dueMs: number;
  /** Attempts that have failed. */
  readonly failures: number;
  /** Given up, and now for the dead-letter queue. */
  readonly letter?: DeadLetter;
}

export interface DeadLetter {
  readonly queueArn: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Attempts to send it that have failed. */
  readonly failures: number;
}

export const DEFAULT_GROUP = 'default';

export function groupArn({ accountId, region, group }: GroupKey): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule-group/${group}`;
}

export function scheduleArn({ accountId, region, group, name }: ScheduleKey): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule/${group}/${name}`;
}

export function groupKeyText({ accountId, region, group }: GroupKey): string {
  return `${accountId}/${region}/${group}`;
}

export function scheduleKeyText(key: ScheduleKey): string {
  return `${groupKeyText(key)}/${key.name}`;
}

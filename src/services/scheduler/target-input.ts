/** What a target is given. */
import type { Target } from '@aws-sdk/client-scheduler';
import type { InvocationRecord } from './schedule-record.ts';
import { scheduleArn } from './schedule-record.ts';
import { universalTarget } from './target-request.ts';

/** `2026-11-24T16:00:00Z`, as in the examples of the guide. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/**
 * The target's input with its context attributes in place. Source: EventBridge Scheduler user guide, "Adding context
 * attributes".
 */
export function targetInput(invocation: InvocationRecord, eventId: string): string {
  const { target, schedule, scheduledMs, executionId, failures } = invocation;
  const attributes: Readonly<Record<string, string>> = {
    'schedule-arn': scheduleArn(schedule),
    'scheduled-time': timeText(scheduledMs),
    'execution-id': executionId,
    'attempt-number': String(failures + 1),
  };
  const given = target.Input ?? defaultInput(target, invocation, eventId);
  return given.replace(/<aws\.scheduler\.([a-z-]+)>/g, (text, name: string) => attributes[name] ?? text);
}

/** Templated targets get a notification where there is no input; the form is that of EventBridge's scheduled events. */
function defaultInput({ Arn }: Target, { schedule, scheduledMs }: InvocationRecord, id: string): string {
  if (universalTarget(Arn!) !== undefined) return '{}';
  const { accountId, region } = schedule;
  return JSON.stringify({
    version: '0',
    id,
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: accountId,
    time: timeText(scheduledMs),
    region,
    resources: [scheduleArn(schedule)],
    detail: '{}',
  });
}

/** Resources of EventBridge Scheduler, by its Service Authorization Reference. */
import type { ResourceQuestion } from './resource-question.ts';

const DEFAULT_GROUP = 'default';

/** `*` for what has none. */
export function schedulerResource({ operation, input, region, accountId }: ResourceQuestion): string {
  const { Name: name, GroupName: group = DEFAULT_GROUP, ResourceArn: arn } = input;
  if (typeof arn === 'string') return arn;
  if (typeof name !== 'string') return '*';
  const resource = /ScheduleGroup$/.test(operation)
    ? `schedule-group/${name}`
    : `schedule/${String(group)}/${name}`;
  return `arn:aws:scheduler:${region}:${accountId}:${resource}`;
}

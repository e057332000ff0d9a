import type { Tag } from '@aws-sdk/client-scheduler';
import { parseArn } from '../../core/arn.ts';
import type { GroupKey, GroupRecord } from './schedule-record.ts';
import { DEFAULT_GROUP, groupArn } from './schedule-record.ts';
import type { SchedulerContext, SchedulerOperations } from './scheduler-context.ts';
import { groupOf, page, tokenKey } from './scheduler-context.ts';
import { groupExists, invalid, noSuchGroup } from './scheduler-errors.ts';

type Names =
  | 'CreateScheduleGroup'
  | 'DeleteScheduleGroup'
  | 'GetScheduleGroup'
  | 'ListScheduleGroups'
  | 'TagResource'
  | 'UntagResource'
  | 'ListTagsForResource';

/** Source: API reference of Tag, and IAM's rules on tags. */
const MAX_TAGS = 50;
const AWS_PREFIX = /^aws:/i;

export function groupOperations(context: SchedulerContext): Required<Pick<SchedulerOperations, Names>> {
  const { schedules, tokens, clock } = context;
  return {
    async CreateScheduleGroup(input, caller) {
      const key = groupOf(caller, input.Name);
      const token = tokenKey(caller, 'CreateScheduleGroup', input.ClientToken);
      const tags = withTags({}, input.Tags);
      await schedules.changeGroup(key, (current) => {
        if (token !== undefined && tokens.isRepeated(token, input)) return { group: current };
        if (current !== undefined) throw groupExists(key.group);
        const nowMs = clock.now();
        const group = { ...key, createdMs: nowMs, modifiedMs: nowMs, tags };
        return { group, token: token === undefined ? undefined : tokens.remembered(token, input) };
      });
      return { ScheduleGroupArn: groupArn(key) };
    },

    async DeleteScheduleGroup(input, caller) {
      const key = groupOf(caller, input.Name);
      if (key.group === DEFAULT_GROUP) throw invalid('The default schedule group cannot be deleted.');
      const token = tokenKey(caller, 'DeleteScheduleGroup', input.ClientToken);
      await schedules.changeGroup(key, (current) => {
        if (token !== undefined && tokens.isRepeated(token, input)) return { group: current };
        if (current === undefined) throw noSuchGroup(key.group);
        return {
          group: undefined,
          token: token === undefined ? undefined : tokens.remembered(token, input),
        };
      });
      return {};
    },

    async GetScheduleGroup({ Name }, caller) {
      const group = schedules.findGroup(groupOf(caller, Name));
      if (group === undefined) throw noSuchGroup(Name ?? '');
      return described(group);
    },

    async ListScheduleGroups(input, { accountId, region }) {
      const { NamePrefix = '' } = input;
      const found = schedules
        .listGroups(accountId, region)
        .filter(({ group }) => group.startsWith(NamePrefix));
      const { shown, next } = page(found, groupArn, input);
      return { ScheduleGroups: shown.map(described), ...next };
    },

    async TagResource({ ResourceArn, Tags }) {
      await changeTags(context, ResourceArn, (tags) => withTags(tags, Tags));
      return {};
    },

    async UntagResource({ ResourceArn, TagKeys = [] }) {
      await changeTags(context, ResourceArn, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
      );
      return {};
    },

    async ListTagsForResource({ ResourceArn }) {
      const key = groupKeyOf(ResourceArn);
      const group = schedules.findGroup(key);
      if (group === undefined) throw noSuchGroup(key.group);
      return { Tags: Object.entries(group.tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

type Tags = GroupRecord['tags'];

async function changeTags(
  { schedules }: SchedulerContext,
  arn: string | undefined,
  change: (tags: Tags) => Tags,
): Promise<void> {
  const key = groupKeyOf(arn);
  await schedules.changeGroup(key, (current) => {
    if (current === undefined) throw noSuchGroup(key.group);
    return { group: { ...current, tags: change(current.tags) } };
  });
}

/** The model lets no other ARN through. */
function groupKeyOf(arn: string | undefined): GroupKey {
  const { accountId, region, resource } = parseArn(arn ?? '')!;
  return { accountId, region, group: resource.slice('schedule-group/'.length) };
}

function withTags(tags: Tags, added: readonly Tag[] | undefined = []): Tags {
  if (added.some(({ Key = '' }) => AWS_PREFIX.test(Key)))
    throw invalid('aws: prefixed tag key names are not allowed for external use.');
  const merged = { ...tags, ...Object.fromEntries(added.map(({ Key, Value }) => [Key ?? '', Value ?? ''])) };
  if (Object.keys(merged).length > MAX_TAGS) throw invalid(`A group can have up to ${MAX_TAGS} tags.`);
  return merged;
}

function described(group: GroupRecord) {
  return {
    Arn: groupArn(group),
    Name: group.group,
    // A group goes at once with what is in it: nobody sees it DELETING.
    State: 'ACTIVE' as const,
    CreationDate: new Date(group.createdMs),
    LastModificationDate: new Date(group.modifiedMs),
  };
}

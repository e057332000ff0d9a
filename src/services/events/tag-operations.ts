import type { Tag } from '@aws-sdk/client-eventbridge';
import { parseArn } from '../../core/arn.ts';
import { DEFAULT_BUS } from './bus-record.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { invalid, invalidParameter, resourceNotFound } from './events-errors.ts';

/** Source: "Tag restrictions" of the user guide. */
const MAX_TAGS = 50;

type Tags = Readonly<Record<string, string>>;

export function tagOperations(
  events: EventsContext,
): Required<Pick<EventsOperations, 'TagResource' | 'UntagResource' | 'ListTagsForResource'>> {
  return {
    async TagResource(input) {
      await changeTags(events, input.ResourceARN!, (tags) => ({ ...tags, ...tagsOf(input.Tags) }));
      return {};
    },

    async UntagResource(input) {
      const keys = new Set(input.TagKeys);
      await changeTags(events, input.ResourceARN!, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.has(key))),
      );
      return {};
    },

    async ListTagsForResource(input) {
      const { rule, bus } = resourceOf(events, input.ResourceARN!);
      const tags = (rule ?? bus)!.tags ?? {};
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

/** Throws `ValidationException` for tags that cannot be. */
export function tagsOf(tags: readonly Tag[] | undefined): Tags {
  for (const { Key } of tags ?? [])
    if (/^aws:/i.test(Key!)) throw invalid('Tag keys must not begin with aws:.');
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key!, Value!]));
}

async function changeTags(events: EventsContext, arn: string, change: (tags: Tags) => Tags): Promise<void> {
  const changed = <T extends { readonly tags?: Tags }>(record: T): T => {
    const tags = change(record.tags ?? {});
    if (Object.keys(tags).length > MAX_TAGS) throw invalid('A resource can have 50 tags at most.');
    return { ...record, tags };
  };
  const { rule, bus } = resourceOf(events, arn);
  if (rule !== undefined) await events.rules.update(rule, changed);
  else await events.buses.update(bus!, changed);
}

function resourceOf({ buses, rules }: EventsContext, text: string) {
  const arn = parseArn(text);
  if (arn?.service !== 'events') throw invalidParameter('ResourceARN');
  const { accountId, region } = arn;
  const [kind, ...names] = arn.resource.split('/');
  const name = names.pop() ?? '';
  const busName = kind === 'rule' ? names.join('/') || DEFAULT_BUS : name;
  const bus = buses.find({ accountId, region, name: busName });
  if (kind === 'event-bus' && bus !== undefined) return { bus, rule: undefined };
  const rule = kind === 'rule' && bus !== undefined ? rules.find(bus, name) : undefined;
  if (rule === undefined) throw resourceNotFound(`${kind === 'rule' ? 'Rule' : 'Event bus'} ${name}`);
  return { bus: undefined, rule };
}

/** Which events of a bucket go where. Source: API reference of PutBucketNotificationConfiguration; errors as recorded. */
import type { FilterRule, NotificationConfiguration } from '@aws-sdk/client-s3';
import { parseArn } from '../../core/arn.ts';
import type { Ids } from '../../core/ids.ts';
import { invalidArgument, notImplemented } from './s3-errors.ts';

export interface NotificationRule {
  readonly id: string;
  /** Which of the three lists of a configuration it is in. */
  readonly kind: DestinationKind;
  readonly arn: string;
  readonly events: readonly string[];
  readonly prefix?: string;
  readonly suffix?: string;
}

export interface BucketNotifications {
  readonly rules: readonly NotificationRule[];
  /** All events go to the default bus of the bucket's region. */
  readonly toEventBridge: boolean;
}

export type DestinationKind = 'Queue' | 'Topic' | 'CloudFunction';

const SERVICES: Readonly<Record<DestinationKind, string>> = {
  Queue: 'sqs',
  Topic: 'sns',
  CloudFunction: 'lambda',
};

/** Those of AWS that never happen here. */
const ABSENT_EVENTS =
  /^s3:(?:ReducedRedundancyLostObject|LifecycleTransition|IntelligentTiering|ObjectAcl:Put|(?:ObjectRestore|Replication|ObjectTagging|ObjectAnnotation):(?:\*|[A-Z]\w+))$/;

/** Those that happen here. */
const EVENTS = [
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete',
  's3:ObjectRemoved:DeleteMarkerCreated',
  's3:LifecycleExpiration:*',
  's3:LifecycleExpiration:Delete',
  's3:LifecycleExpiration:DeleteMarkerCreated',
];

export function notificationsOf(configuration: NotificationConfiguration, ids: Ids): BucketNotifications {
  const { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations } = configuration;
  const rules = [
    ...(QueueConfigurations ?? []).map((rule) => ruleOf('Queue', rule.QueueArn, rule, ids)),
    ...(TopicConfigurations ?? []).map((rule) => ruleOf('Topic', rule.TopicArn, rule, ids)),
    ...(LambdaFunctionConfigurations ?? []).map((rule) =>
      ruleOf('CloudFunction', rule.LambdaFunctionArn, rule, ids),
    ),
  ];
  checkOverlaps(rules);
  return { rules, toEventBridge: configuration.EventBridgeConfiguration !== undefined };
}

interface GivenRule {
  readonly Id?: string | undefined;
  readonly Events?: readonly string[] | undefined;
  readonly Filter?:
    | { readonly Key?: { readonly FilterRules?: FilterRule[] | undefined } | undefined }
    | undefined;
}

function ruleOf(
  kind: DestinationKind,
  arn: string | undefined,
  given: GivenRule,
  ids: Ids,
): NotificationRule {
  const parsed = parseArn(arn ?? '');
  if (parsed?.service !== SERVICES[kind]) throw invalidArgument('The ARN could not be parsed', kind, arn);
  const events = given.Events ?? [];
  const unknown = events.find((event) => !EVENTS.includes(event));
  if (unknown !== undefined && ABSENT_EVENTS.test(unknown))
    throw notImplemented('PutBucketNotificationConfiguration', `the event ${unknown}`);
  if (unknown !== undefined || events.length === 0)
    throw invalidArgument('The event is not supported for notifications', 'Event', unknown ?? '');
  if (kind !== 'CloudFunction' && parsed.resource.endsWith('.fifo'))
    throw invalidArgument('FIFO destinations are not supported for notifications', kind, arn);
  return { id: given.Id ?? ids.uuid(), kind, arn: arn!, events, ...filterOf(given) };
}

function filterOf({ Filter }: GivenRule): Pick<NotificationRule, 'prefix' | 'suffix'> {
  const filter: { prefix?: string; suffix?: string } = {};
  for (const { Name, Value = '' } of Filter?.Key?.FilterRules ?? []) {
    // Recorded: in whatever case.
    const name = Name?.toLowerCase();
    if (name !== 'prefix' && name !== 'suffix') {
      const message = 'filter rule name must be either prefix or suffix';
      throw invalidArgument(message, 'FilterRule.Name', Name);
    }
    filter[name] = Value;
  }
  return filter;
}

/** An event goes to one destination of a kind only: rules whose keys and events meet are refused. */
function checkOverlaps(rules: readonly NotificationRule[]): void {
  rules.forEach((rule, index) => {
    for (const other of rules.slice(index + 1)) {
      const isSameEvent = rule.events.some((event) => other.events.some((name) => eventsMeet(event, name)));
      if (isSameEvent && filtersMeet(rule, other)) {
        throw invalidArgument(
          'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
          'NotificationConfiguration',
        );
      }
    }
  });
}

function eventsMeet(left: string, right: string): boolean {
  return matchesEvent(left, right.slice(3)) || matchesEvent(right, left.slice(3));
}

function filtersMeet(left: NotificationRule, right: NotificationRule): boolean {
  const [p1 = '', p2 = '', s1 = '', s2 = ''] = [left.prefix, right.prefix, left.suffix, right.suffix];
  return (p1.startsWith(p2) || p2.startsWith(p1)) && (s1.endsWith(s2) || s2.endsWith(s1));
}

/** `name` without the service: `ObjectCreated:Put`. */
export function matchesEvent(pattern: string, name: string): boolean {
  const wanted = pattern.slice('s3:'.length);
  return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
}

export function matchesRule(
  { events, prefix = '', suffix = '' }: NotificationRule,
  name: string,
  key: string,
) {
  return events.some((event) => matchesEvent(event, name)) && key.startsWith(prefix) && key.endsWith(suffix);
}

/** As it is read back: with the ids that rules were given, and names of filters as AWS writes them. */
export function configurationOf(notifications: BucketNotifications | undefined): NotificationConfiguration {
  const { rules = [], toEventBridge = false } = notifications ?? {};
  const of = (kind: DestinationKind) => rules.filter((rule) => rule.kind === kind);
  const queues = of('Queue').map((rule) => ({ ...shown(rule), QueueArn: rule.arn }));
  const topics = of('Topic').map((rule) => ({ ...shown(rule), TopicArn: rule.arn }));
  const functions = of('CloudFunction').map((rule) => ({ ...shown(rule), LambdaFunctionArn: rule.arn }));
  return {
    ...(queues.length === 0 ? {} : { QueueConfigurations: queues }),
    ...(topics.length === 0 ? {} : { TopicConfigurations: topics }),
    ...(functions.length === 0 ? {} : { LambdaFunctionConfigurations: functions }),
    ...(toEventBridge ? { EventBridgeConfiguration: {} } : {}),
  };
}

function shown({ id: Id, events, prefix, suffix }: NotificationRule) {
  const FilterRules: FilterRule[] = [];
  if (prefix !== undefined) FilterRules.push({ Name: 'Prefix' as 'prefix', Value: prefix });
  if (suffix !== undefined) FilterRules.push({ Name: 'Suffix' as 'suffix', Value: suffix });
  const filter = FilterRules.length === 0 ? {} : { Filter: { Key: { FilterRules } } };
  return { Id, Events: [...events] as 's3:ObjectCreated:*'[], ...filter };
}

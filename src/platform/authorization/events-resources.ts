/** Resources of EventBridge, by its Service Authorization Reference. */
import type { ResourceQuestion } from './resource-question.ts';

const DEFAULT_BUS = 'default';

/** Members that name what an operation is about, by the last word of its name. */
const NAMED: readonly (readonly [operation: RegExp, member: string, type: string])[] = [
  [/EventBus$/, 'Name', 'event-bus'],
  [/Permission$/, 'EventBusName', 'event-bus'],
  [/Archive$/, 'ArchiveName', 'archive'],
  [/Replay$/, 'ReplayName', 'replay'],
  [/Connection$/, 'Name', 'connection'],
  [/ApiDestination$/, 'Name', 'api-destination'],
];

/** One at least; `*` where an operation is about none. */
export function eventsResources(question: ResourceQuestion): string[] {
  const { operation, input } = question;
  if (operation === 'PutEvents') return busesOf(question);
  const { ResourceARN: arn } = input;
  if (typeof arn === 'string') return [arn];
  const rule = /Rule$/.test(operation) ? (input['Name'] ?? input['Rule']) : input['Rule'];
  if (typeof rule === 'string') return [ruleArn(question, rule)];
  const [, member, type] = NAMED.find(([pattern]) => pattern.test(operation)) ?? [];
  if (member === undefined || type === undefined) return ['*'];
  const name = input[member] ?? (type === 'event-bus' ? DEFAULT_BUS : undefined);
  return [typeof name === 'string' ? arnOf(question, type, name) : '*'];
}

/** Each entry may be for another bus, by its name or ARN. */
function busesOf(question: ResourceQuestion): string[] {
  const entries = (question.input['Entries'] ?? []) as readonly { readonly EventBusName?: string }[];
  const buses = entries.map(({ EventBusName: bus = DEFAULT_BUS }) => arnOf(question, 'event-bus', bus));
  return [...new Set(buses)];
}

/** Rules of the default bus do not name it. */
function ruleArn(question: ResourceQuestion, rule: string): string {
  const { EventBusName: given = DEFAULT_BUS } = question.input;
  const bus = String(given).replace(/^arn:.*:event-bus\//, '');
  return arnOf(question, 'rule', bus === DEFAULT_BUS ? rule : `${bus}/${rule}`);
}

function arnOf({ region, accountId }: ResourceQuestion, type: string, name: string): string {
  return name.startsWith('arn:') ? name : `arn:aws:events:${region}:${accountId}:${type}/${name}`;
}

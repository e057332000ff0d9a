/** Filter policies of subscriptions: where the pattern language of SNS is narrower than that of EventBridge. */
import type { EventPattern } from '../../core/event-pattern/event-pattern.ts';
import { EventPatternError, eventPattern } from '../../core/event-pattern/event-pattern.ts';
import type { MessageAttributes } from './message-attributes.ts';
import { invalidParameter } from './sns-errors.ts';

export type FilterScope = 'MessageAttributes' | 'MessageBody';

/** Source: "Filter policy constraints in Amazon SNS". */
const MAX_KEYS = 5;
const MAX_COMBINATIONS = 150;
const MAX_POLICY_BYTES = 256 * 1024;

type Json = Readonly<Record<string, unknown>>;

/** Throws `InvalidParameter` for what is no filter policy. */
export function filterPolicy(text: string, scope: FilterScope): EventPattern | undefined {
  const value = parsed(text);
  if (Object.keys(value).length === 0) return undefined;
  const { keys, combinations } = measured(value, scope, 1);
  if (keys > MAX_KEYS) throw refused('Filter policy can not have more than 5 keys');
  if (combinations > MAX_COMBINATIONS) throw refused('Filter policy is too complex');
  try {
    return eventPattern(value);
  } catch (error) {
    if (error instanceof EventPatternError) throw refused(error.message);
    throw error;
  }
}

export function attributesMatch(filter: EventPattern, attributes: MessageAttributes): boolean {
  return filter(
    Object.fromEntries(Object.entries(attributes).flatMap(([name, held]) => comparable(name, held))),
  );
}

/** A body that is no JSON object matches no policy. */
export function bodyMatches(filter: EventPattern, body: string): boolean {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) && filter(value);
  } catch {
    return false;
  }
}

/** Binary attributes are not compared; lists that cannot be read are as good as absent. */
function comparable(name: string, { dataType, value }: MessageAttributes[string]): [string, unknown][] {
  if (dataType === 'Number') return [[name, Number(value)]];
  if (dataType === 'String') return [[name, value]];
  if (dataType !== 'String.Array') return [];
  try {
    return [[name, JSON.parse(value) as unknown]];
  } catch {
    return [];
  }
}

function parsed(text: string): Json {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) throw refused('Filter policy is too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('failed to parse JSON.');
  }
  if (!isObject(value)) throw refused('Filter policy must be an object');
  return value;
}

/** Source: the constraints: the values of all keys multiplied, each by the level its key is at. */
function measured(policy: Json, scope: FilterScope, depth: number): { keys: number; combinations: number } {
  let keys = 0;
  let combinations = 1;
  for (const [name, value] of Object.entries(policy)) {
    if (name === '$or' && Array.isArray(value) && value.length > 1 && value.every(isObject)) {
      const branches = value.map((branch) => measured(branch as Json, scope, depth));
      keys += branches.reduce((sum, branch) => sum + branch.keys, 0);
      combinations *= branches.reduce((sum, branch) => sum + branch.combinations, 0);
    } else if (isObject(value)) {
      if (scope === 'MessageAttributes') {
        throw refused('Filter policy scope MessageAttributes does not support nested filter policy');
      }
      const inner = measured(value, scope, depth + 1);
      keys += inner.keys;
      combinations *= inner.combinations;
    } else {
      keys += 1;
      if (!Array.isArray(value)) throw refused(`"${name}" must be an object or an array`);
      value.forEach(checkComparison);
      combinations *= value.length * depth;
    }
  }
  return { keys, combinations };
}

/** Recorded for "validate_policy": in `anything-but`, SNS knows `prefix` only, which EventBridge widened. */
function checkComparison(comparison: unknown): void {
  if (!isObject(comparison)) return;
  if ('exists' in comparison && typeof comparison['exists'] !== 'boolean') {
    throw refused('exists match pattern must be either true or false.');
  }
  const but = comparison['anything-but'];
  if (!isObject(but)) return;
  const operator = Object.keys(but)[0];
  if (operator !== 'prefix') throw refused(`Unsupported anything-but pattern: ${operator}`);
  if (typeof but['prefix'] !== 'string') throw refused('prefix match pattern must be a string');
}

/** AWS adds where its JSON parser stood. */
function refused(reason: string) {
  return invalidParameter(`Attributes Reason: FilterPolicy: ${reason}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

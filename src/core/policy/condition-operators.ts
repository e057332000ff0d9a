/** The condition operators of the IAM User Guide ("IAM JSON policy elements: Condition operators"). */
import { BlockList, isIP } from 'node:net';
import type { ConditionContext } from './condition-context.ts';
import { matches, patternFor, segmentsOf, textFor } from './pattern.ts';

/** Whether a value of the request meets a value of the policy. */
export type Comparison = (actual: string, wanted: string, context: ConditionContext) => boolean;

export interface ConditionOperator {
  readonly compare: Comparison;
  /** Holds where no value of the policy is met. */
  readonly negated: boolean;
  /** Holds where the request has no such key. */
  readonly ifExists: boolean;
  /** How the several values of a key are taken together. */
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined;
  /** The one operator that asks whether there is a key. */
  readonly isNull: boolean;
}

/** Parts of an ARN, each compared for itself by the ARN operators. */
const ARN_PARTS = 6;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: (actual, wanted, context) => actual === textFor(wanted, context),
  StringEqualsIgnoreCase: (actual, wanted, context) =>
    actual.toLowerCase() === textFor(wanted, context)?.toLowerCase(),
  StringLike(actual, wanted, context) {
    const pattern = patternFor(wanted, context);
    return pattern !== undefined && matches(pattern, actual);
  },
  ArnLike: arnLike,
  ArnEquals: arnLike,
  Bool: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  BinaryEquals: (actual, wanted) => Buffer.from(actual, 'base64').equals(Buffer.from(wanted, 'base64')),
  IpAddress: inRange,
  ...ordered('Numeric', numberOf),
  ...ordered('Date', instantOf),
};

/** Operators that say the contrary of one above. */
const NEGATIONS: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotLike: 'ArnLike',
  ArnNotEquals: 'ArnEquals',
  NotIpAddress: 'IpAddress',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
};

const NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

const known = new Map<string, ConditionOperator>();

/** The operator `name` with its prefix and suffix, for example `ForAnyValue:StringLikeIfExists`. */
export function conditionOperator(name: string): ConditionOperator | undefined {
  const found = known.get(name);
  if (found !== undefined) return found;
  const operator = operatorOf(name);
  if (operator !== undefined) known.set(name, operator);
  return operator;
}

function operatorOf(name: string): ConditionOperator | undefined {
  const parts = NAME.exec(name);
  if (parts === null) return undefined;
  const [, set, base = '', suffix] = parts;
  const ifExists = suffix !== undefined;
  if (base === 'Null') {
    if (set !== undefined || ifExists) return undefined;
    return { compare: () => false, negated: false, ifExists, set: undefined, isNull: true };
  }
  const negated = Object.hasOwn(NEGATIONS, base);
  const positive = negated ? NEGATIONS[base]! : base;
  if (!Object.hasOwn(COMPARISONS, positive)) return undefined;
  const compare = COMPARISONS[positive]!;
  return { compare, negated, ifExists, set: set as ConditionOperator['set'], isNull: false };
}

function arnLike(actual: string, wanted: string, context: ConditionContext): boolean {
  const pattern = patternFor(wanted, context);
  if (pattern === undefined) return false;
  const patterns = segmentsOf(pattern, ARN_PARTS);
  // A single star is the one pattern that is no ARN.
  if (patterns.length !== ARN_PARTS) return wanted === '*';
  const colonSeparated = actual.split(':');
  if (colonSeparated.length < ARN_PARTS) return false;
  const parts = [...colonSeparated.slice(0, ARN_PARTS - 1), colonSeparated.slice(ARN_PARTS - 1).join(':')];
  return patterns.every((wildcards, index) => matches(wildcards, parts[index]!));
}

function inRange(actual: string, wanted: string): boolean {
  const [network = '', prefix] = wanted.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(actual) !== family) return false;
  const list = new BlockList();
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, bits, type);
  return list.check(actual, type);
}

function ordered(kind: string, read: (text: string) => number): Record<string, Comparison> {
  // Comparisons with NaN do not hold, so what cannot be read matches nothing.
  const by =
    (holds: (actual: number, wanted: number) => boolean): Comparison =>
    (actual, wanted) =>
      holds(read(actual), read(wanted));
  return {
    [`${kind}Equals`]: by((actual, wanted) => actual === wanted),
    [`${kind}LessThan`]: by((actual, wanted) => actual < wanted),
    [`${kind}LessThanEquals`]: by((actual, wanted) => actual <= wanted),
    [`${kind}GreaterThan`]: by((actual, wanted) => actual > wanted),
    [`${kind}GreaterThanEquals`]: by((actual, wanted) => actual >= wanted),
  };
}

function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

const EPOCH_SECONDS = /^\d+(?:\.\d+)?$/;

/** An ISO 8601 date or seconds since 1970, in milliseconds. */
function instantOf(text: string): number {
  return EPOCH_SECONDS.test(text) ? Number(text) * 1_000 : Date.parse(text);
}

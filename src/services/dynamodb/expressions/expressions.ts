/**
 * The expressions of a request, and the parameters that were there before them, parsed and checked before anything is
 * looked at. Words of refusals: recorded by dynalite's tests; limits: service quotas, "Expression parameters".
 */
import type {
  AttributeValueUpdate,
  ConditionalOperator,
  ExpectedAttributeValue,
  Condition as NamedCondition,
} from '@aws-sdk/client-dynamodb';
import { invalidValues, validationError } from '../engine/item-checks.ts';
import { parsedCondition } from './condition.ts';
import type { ScopeParameters } from './expression-scope.ts';
import { ExpressionScope } from './expression-scope.ts';
import { keyConditionsOf } from './key-condition.ts';
import { conditionOfExpected, conditionOfFilter } from './legacy-conditions.ts';
import { updateOfAttributes } from './legacy-updates.ts';
import type { Condition, Projection, Update } from './parsed.ts';
import { parsedProjection } from './projection.ts';
import { parsedUpdate } from './update.ts';

const MAX_EXPRESSION_BYTES = 4096;

/** Parameters, the older ones first, by what they say. */
const PARAMETERS = {
  update: { older: ['AttributeUpdates'], expression: 'UpdateExpression' },
  condition: { older: ['Expected', 'ConditionalOperator'], expression: 'ConditionExpression' },
  keyCondition: { older: ['KeyConditions'], expression: 'KeyConditionExpression' },
  filter: { older: ['QueryFilter', 'ScanFilter', 'ConditionalOperator'], expression: 'FilterExpression' },
  projection: { older: ['AttributesToGet'], expression: 'ProjectionExpression' },
} as const;

export type ExpressionKind = keyof typeof PARAMETERS;

export interface ExpressionParameters extends ScopeParameters {
  readonly UpdateExpression?: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly KeyConditionExpression?: string | undefined;
  readonly FilterExpression?: string | undefined;
  readonly ProjectionExpression?: string | undefined;
  readonly AttributeUpdates?: Readonly<Record<string, AttributeValueUpdate>> | undefined;
  readonly Expected?: Readonly<Record<string, ExpectedAttributeValue>> | undefined;
  readonly ConditionalOperator?: ConditionalOperator | undefined;
  readonly KeyConditions?: Readonly<Record<string, NamedCondition>> | undefined;
  readonly QueryFilter?: Readonly<Record<string, NamedCondition>> | undefined;
  readonly ScanFilter?: Readonly<Record<string, NamedCondition>> | undefined;
  readonly AttributesToGet?: readonly string[] | undefined;
}

export interface ParsedExpressions {
  readonly update?: Update | undefined;
  readonly condition?: Condition | undefined;
  /** By attribute. */
  readonly keyCondition?: Readonly<Record<string, NamedCondition>> | undefined;
  readonly filter?: Condition | undefined;
  readonly projection?: Projection | undefined;
}

/** `kinds`: those that the operation takes. Throws `ValidationException`. */
export function expressionsOf(
  input: ExpressionParameters,
  kinds: readonly ExpressionKind[],
): ParsedExpressions {
  checkParameters(input, kinds);
  const parsed = kinds.some((kind) => input[PARAMETERS[kind].expression] !== undefined)
    ? parsedExpressions(input, kinds)
    : {};
  return { ...olderParameters(input, kinds), ...parsed };
}

function parsedExpressions(input: ExpressionParameters, kinds: readonly ExpressionKind[]): ParsedExpressions {
  const scope = new ExpressionScope(input);
  const parsed = <T>(
    kind: ExpressionKind,
    parse: (text: string, scope: ExpressionScope, refuse: (reason: string) => Error) => T,
  ): T | undefined => {
    const { expression } = PARAMETERS[kind];
    const text = input[expression];
    if (text === undefined || !kinds.includes(kind)) return undefined;
    const refuse = (reason: string): Error => validationError(`Invalid ${expression}: ${reason}`);
    checkLength(text, refuse);
    return parse(text, scope, refuse);
  };
  const update = parsed('update', parsedUpdate);
  const condition = parsed('condition', parsedCondition);
  const key = parsed('keyCondition', parsedCondition);
  const filter = parsed('filter', parsedCondition);
  const projection = parsed('projection', parsedProjection);
  scope.checkUsed();
  return {
    ...(update && { update }),
    ...(condition && { condition }),
    ...(key && { keyCondition: keyConditionsOf(key, validationError) }),
    ...(filter && { filter }),
    ...(projection && { projection }),
  };
}

function checkLength(text: string, refuse: (reason: string) => Error): void {
  if (text === '') throw refuse('The expression can not be empty;');
  const size = Buffer.byteLength(text);
  if (size <= MAX_EXPRESSION_BYTES) return;
  throw refuse(`Expression size has exceeded the maximum allowed size; expression size: ${size}`);
}

/** Expressions and what was there before them are not given together, nor names and values without expressions. */
function checkParameters(input: ExpressionParameters, kinds: readonly ExpressionKind[]): void {
  const given = kinds.map((kind) => PARAMETERS[kind].expression).filter((name) => input[name] !== undefined);
  const older = new Set(
    kinds.flatMap((kind) => PARAMETERS[kind].older.filter((name) => isGiven(input, name))),
  );
  if (input.KeyConditionExpression === undefined) older.delete('KeyConditions');
  if (given.length > 0 && older.size > 0) {
    throw validationError(
      `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${[...older].join(', ')}} Expression parameters: {${given.join(', ')}}`,
    );
  }
  if (given.length === 0 && input.ExpressionAttributeNames !== undefined) {
    throw validationError('ExpressionAttributeNames can only be specified when using expressions');
  }
  const valued = kinds.filter((kind) => kind !== 'projection').map((kind) => PARAMETERS[kind].expression);
  if (input.ExpressionAttributeValues === undefined || valued.some((name) => input[name] !== undefined))
    return;
  if (valued.length === 0) return;
  throw validationError(
    `ExpressionAttributeValues can only be specified when using expressions: ${valued.join(' and ')} ${valued.length > 1 ? 'are' : 'is'} null`,
  );
}

function isGiven(
  input: ExpressionParameters,
  name: (typeof PARAMETERS)[ExpressionKind]['older'][number],
): boolean {
  return input[name] !== undefined;
}

function olderParameters(input: ExpressionParameters, kinds: readonly ExpressionKind[]): ParsedExpressions {
  const { AttributeUpdates, Expected, QueryFilter, ScanFilter, AttributesToGet, KeyConditions } = input;
  const takes = (kind: ExpressionKind): boolean => kinds.includes(kind);
  const operator = input.ConditionalOperator;
  const filters = QueryFilter ?? ScanFilter;
  if (operator !== undefined && Expected === undefined && filters === undefined) {
    throw validationError('ConditionalOperator cannot be used without Filter or Expected');
  }
  const update = takes('update') && AttributeUpdates && updateOfAttributes(AttributeUpdates);
  const condition = takes('condition') && Expected && conditionOfExpected(Expected, operator);
  const filter = takes('filter') && filters && conditionOfFilter(filters, operator);
  const projection = takes('projection') && AttributesToGet && pathsOf(AttributesToGet);
  return {
    ...(update && { update }),
    ...(condition && { condition }),
    ...(takes('keyCondition') && KeyConditions && { keyCondition: KeyConditions }),
    ...(filter && { filter }),
    ...(projection && { projection }),
  };
}

function pathsOf(names: readonly string[]): Projection {
  const twice = names.find((name, place) => names.indexOf(name) < place);
  if (twice !== undefined) throw invalidValues(`Duplicate value in attribute name: ${twice}`);
  return names.map((name) => [name]);
}

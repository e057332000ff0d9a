/** Which partition a query reads, and which part of it. */
import type { AttributeValue, Condition } from '@aws-sdk/client-dynamodb';
import { checkedValue } from './attribute-values.ts';
import { notImplemented } from './dynamodb-errors.ts';
import { invalidValues, typeOf, validationError } from './engine/item-checks.ts';
import type { KeyPart, KeySchema } from './engine/key-bytes.ts';
import type { SortCondition } from './sort-range.ts';

export interface KeyCondition {
  readonly partition: AttributeValue;
  readonly sort: SortCondition | undefined;
}

export interface KeyConditionParameters {
  readonly KeyConditionExpression?: string | undefined;
  readonly KeyConditions?: Record<string, Condition> | undefined;
}

const OPERATORS: Readonly<Record<string, SortCondition['operator']>> = {
  EQ: '=',
  LT: '<',
  LE: '<=',
  GT: '>',
  GE: '>=',
  BETWEEN: 'BETWEEN',
  BEGINS_WITH: 'begins_with',
};

export function keyConditionOf(input: KeyConditionParameters, schema: KeySchema): KeyCondition {
  if (input.KeyConditionExpression !== undefined) throw notImplemented('KeyConditionExpression of DynamoDB');
  const conditions = Object.entries(input.KeyConditions ?? {});
  if (conditions.length !== 1 && conditions.length !== 2) {
    throw validationError('Conditions can be of length 1 or 2 only');
  }
  return {
    partition: partitionValue(input.KeyConditions!, schema),
    sort: sortCondition(input.KeyConditions!, schema),
  };
}

function partitionValue(conditions: Record<string, Condition>, { partition }: KeySchema): AttributeValue {
  const { operator, values } = conditionOn(conditions, partition);
  if (operator !== '=') throw validationError('Query key condition not supported');
  return values[0]!;
}

function sortCondition(
  conditions: Record<string, Condition>,
  { sort }: KeySchema,
): SortCondition | undefined {
  if (Object.keys(conditions).length === 1) return undefined;
  if (sort === undefined) throw validationError('Query key condition not supported');
  return conditionOn(conditions, sort);
}

function conditionOn(conditions: Record<string, Condition>, { name, type }: KeyPart): SortCondition {
  const condition = conditions[name];
  if (condition === undefined) throw validationError(`Query condition missed key schema element: ${name}`);
  const operator = OPERATORS[condition.ComparisonOperator ?? ''];
  if (operator === undefined) {
    throw validationError('Attempted conditional constraint is not an indexable operation');
  }
  const values = (condition.AttributeValueList ?? []).map((value) => checkedValue(value));
  if (values.length !== (operator === 'BETWEEN' ? 2 : 1)) {
    throw invalidValues(
      `Invalid number of argument(s) for the ${condition.ComparisonOperator} ComparisonOperator`,
    );
  }
  if (values.some((value) => typeOf(value) !== type)) {
    throw invalidValues('Condition parameter type does not match schema type');
  }
  return { operator, values };
}

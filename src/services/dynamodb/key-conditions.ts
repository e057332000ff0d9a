/** Which partition a query reads, and which part of it. */
import type { AttributeValue, Condition } from '@aws-sdk/client-dynamodb';
import { checkedValue } from './attribute-values.ts';
import { invalidValues, typeOf, validationError } from './engine/item-checks.ts';
import type { KeyPart, KeySchema } from './engine/key-bytes.ts';
import { checkArguments } from './expressions/legacy-conditions.ts';
import type { SortCondition } from './sort-range.ts';

export interface KeyCondition {
  readonly partition: AttributeValue;
  readonly sort: SortCondition | undefined;
}

type NamedConditions = Readonly<Record<string, Condition>>;

const OPERATORS: Readonly<Record<string, SortCondition['operator']>> = {
  EQ: '=',
  LT: '<',
  LE: '<=',
  GT: '>',
  GE: '>=',
  BETWEEN: 'BETWEEN',
  BEGINS_WITH: 'begins_with',
};

/** Of what is said of each attribute. Throws `ValidationException`. */
export function keyConditionOf(conditions: NamedConditions | undefined, schema: KeySchema): KeyCondition {
  if (conditions === undefined) {
    throw validationError(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  const count = Object.keys(conditions).length;
  if (count !== 1 && count !== 2) throw validationError('Conditions can be of length 1 or 2 only');
  return { partition: partitionValue(conditions, schema), sort: sortCondition(conditions, schema) };
}

function partitionValue(conditions: NamedConditions, { partition }: KeySchema): AttributeValue {
  const { operator, values } = conditionOn(conditions, partition);
  if (operator !== '=') throw validationError('Query key condition not supported');
  return values[0]!;
}

function sortCondition(conditions: NamedConditions, { sort }: KeySchema): SortCondition | undefined {
  if (Object.keys(conditions).length === 1) return undefined;
  if (sort === undefined) throw validationError('Query key condition not supported');
  return conditionOn(conditions, sort);
}

function conditionOn(conditions: NamedConditions, { name, type }: KeyPart): SortCondition {
  const condition = conditions[name];
  if (condition === undefined) throw validationError(`Query condition missed key schema element: ${name}`);
  const operator = OPERATORS[condition.ComparisonOperator ?? ''];
  if (operator === undefined) {
    throw validationError('Attempted conditional constraint is not an indexable operation');
  }
  const values = (condition.AttributeValueList ?? []).map((value) => checkedValue(value));
  checkArguments(condition.ComparisonOperator!, values);
  if (values.some((value) => typeOf(value) !== type)) {
    throw invalidValues('Condition parameter type does not match schema type');
  }
  return { operator, values };
}

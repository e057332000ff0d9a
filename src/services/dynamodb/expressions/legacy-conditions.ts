/**
 * `Expected`, `QueryFilter`, `ScanFilter` as conditions. Source: developer guide, "Legacy conditional parameters"; the
 * words of refusals are those that dynalite's tests were recorded with.
 */
import type {
  AttributeValue,
  ComparisonOperator,
  ConditionalOperator,
  ExpectedAttributeValue,
  Condition as NamedCondition,
} from '@aws-sdk/client-dynamodb';
import { checkedValue } from '../attribute-values.ts';
import { invalidValues, typeOf, validationError } from '../engine/item-checks.ts';
import { compareValues } from '../values/comparison.ts';
import type { Comparator, Condition, ConditionFunction, Operand } from './parsed.ts';

const COMPARATORS: Readonly<Partial<Record<ComparisonOperator, Comparator>>> = {
  EQ: '=',
  NE: '<>',
  LE: '<=',
  LT: '<',
  GE: '>=',
  GT: '>',
};
const SCALARS: readonly string[] = ['S', 'N', 'B'];
const BINARY_OR_TEXT: readonly string[] = ['S', 'B'];
/** Operators that compare any type are not here. */
const TYPES: Readonly<Partial<Record<ComparisonOperator, readonly string[]>>> = {
  LE: SCALARS,
  LT: SCALARS,
  GE: SCALARS,
  GT: SCALARS,
  CONTAINS: SCALARS,
  NOT_CONTAINS: SCALARS,
  IN: SCALARS,
  BETWEEN: SCALARS,
  BEGINS_WITH: BINARY_OR_TEXT,
};

/** All of them, or with `OR` one of them; undefined for none. Throws `ValidationException`. */
export function conditionOfFilter(
  filter: Readonly<Record<string, NamedCondition>>,
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  return joined(
    Object.entries(filter).map(([name, condition]) => namedCondition(name, condition)),
    operator,
  );
}

export function conditionOfExpected(
  expected: Readonly<Record<string, ExpectedAttributeValue>>,
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  return joined(
    Object.entries(expected).map(([name, condition]) => expectedCondition(name, condition)),
    operator,
  );
}

function joined(
  conditions: readonly Condition[],
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  if (operator !== undefined && conditions.length === 1) {
    throw validationError(
      'ConditionalOperator can only be used when Filter or Expected has two or more elements',
    );
  }
  if (conditions.length === 0) return undefined;
  return { kind: operator === 'OR' ? 'or' : 'and', conditions };
}

function expectedCondition(name: string, expected: ExpectedAttributeValue): Condition {
  const { ComparisonOperator: operator, AttributeValueList: list, Value: value, Exists: exists } = expected;
  const invalid = (reason: string): Error => invalidValues(`${reason} for Attribute: ${name}`);
  if (list !== undefined && value !== undefined) {
    throw invalid('Value and AttributeValueList cannot be used together');
  }
  if (operator !== undefined) {
    if (exists !== undefined) throw invalid('Exists and ComparisonOperator cannot be used together');
    const values = list ?? (value === undefined ? undefined : [value]);
    if (values === undefined && operator !== 'NULL' && operator !== 'NOT_NULL') {
      throw invalid(`Value or AttributeValueList must be used with ComparisonOperator: ${operator}`);
    }
    return namedCondition(name, { ComparisonOperator: operator, AttributeValueList: values });
  }
  if (list !== undefined) throw invalid('AttributeValueList can only be used with a ComparisonOperator');
  if (exists === false) {
    if (value !== undefined) throw invalid('Value cannot be used when Exists is false');
    return called('attribute_not_exists', [pathOf(name)]);
  }
  if (value === undefined) throw invalid(`Value must be provided when Exists is ${exists ?? 'null'}`);
  return namedCondition(name, { ComparisonOperator: 'EQ', AttributeValueList: [value] });
}

function namedCondition(
  name: string,
  { ComparisonOperator, AttributeValueList = [] }: NamedCondition,
): Condition {
  const operator = ComparisonOperator!;
  const values = AttributeValueList.map((value) => checkedValue(value));
  checkArguments(operator, values);
  const path = pathOf(name);
  const operands = values.map((value): Operand => ({ kind: 'value', value }));
  const [first, second] = operands as [Operand, Operand];
  const comparator = COMPARATORS[operator];
  if (comparator !== undefined) return { kind: 'compare', operator: comparator, operands: [path, first] };
  switch (operator) {
    case 'NULL':
      return called('attribute_not_exists', [path]);
    case 'NOT_NULL':
      return called('attribute_exists', [path]);
    case 'CONTAINS':
      return called('contains', [path, first]);
    case 'NOT_CONTAINS':
      return { kind: 'not', condition: called('contains', [path, first]) };
    case 'BEGINS_WITH':
      return called('begins_with', [path, first]);
    case 'BETWEEN':
      return { kind: 'between', operands: [path, first, second] };
    default:
      return { kind: 'in', operand: path, choices: operands };
  }
}

function pathOf(name: string): Operand {
  return { kind: 'path', path: [name] };
}

function called(name: ConditionFunction, operands: readonly Operand[]): Condition {
  return { kind: 'call', name, operands };
}

/** How many values an operator takes, and of which types. */
export function checkArguments(operator: ComparisonOperator, values: readonly AttributeValue[]): void {
  if (!isCount(operator, values.length)) {
    throw invalidValues(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const types = new Set(values.map(typeOf));
  if (types.size > 1) {
    throw invalidValues('AttributeValues inside AttributeValueList must be of same type');
  }
  const allowed = TYPES[operator];
  for (const type of types) {
    if (allowed === undefined || allowed.includes(type)) continue;
    throw invalidValues(`ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`);
  }
  if (operator === 'BETWEEN' && (compareValues(values[0]!, values[1]!) ?? 0) > 0) {
    throw validationError(
      'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
    );
  }
}

function isCount(operator: ComparisonOperator, count: number): boolean {
  if (operator === 'NULL' || operator === 'NOT_NULL') return count === 0;
  if (operator === 'IN') return count > 0;
  return count === (operator === 'BETWEEN' ? 2 : 1);
}

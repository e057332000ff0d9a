/** What a condition says of keys, in the form of `KeyConditions`. */
import type {
  AttributeValue,
  ComparisonOperator,
  Condition as NamedCondition,
} from '@aws-sdk/client-dynamodb';
import type { Comparator, Condition, Operand } from './parsed.ts';

type Refuse = (reason: string) => Error;

const OPERATORS: Readonly<Partial<Record<Comparator, ComparisonOperator>>> = {
  '=': 'EQ',
  '<': 'LT',
  '<=': 'LE',
  '>': 'GT',
  '>=': 'GE',
};
/** The comparator with its operands the other way about. */
const TURNED: Readonly<Record<Comparator, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** By attribute. Throws what `refuse` makes of the reason. */
export function keyConditionsOf(condition: Condition, refuse: Refuse): Record<string, NamedCondition> {
  const conditions = new Map<string, NamedCondition>();
  for (const { name, ...named } of namedConditions(condition, refuse)) {
    if (conditions.has(name)) {
      throw refuse('KeyConditionExpressions must only contain one condition per key');
    }
    conditions.set(name, named);
  }
  return Object.fromEntries(conditions);
}

interface Named extends NamedCondition {
  readonly name: string;
}

function namedConditions(condition: Condition, refuse: Refuse): Named[] {
  switch (condition.kind) {
    case 'and':
      return condition.conditions.flatMap((inner) => namedConditions(inner, refuse));
    case 'or':
    case 'not':
    case 'in':
      throw refuse(`Invalid operator used in KeyConditionExpression: ${condition.kind.toUpperCase()}`);
    case 'between':
      return [named('BETWEEN', 'BETWEEN', condition.operands, refuse)];
    case 'call':
      if (condition.name !== 'begins_with') {
        throw refuse(`Invalid operator used in KeyConditionExpression: ${condition.name}`);
      }
      return [named('BEGINS_WITH', condition.name, condition.operands, refuse)];
    case 'compare':
      return [comparison(condition.operator, condition.operands, refuse)];
  }
}

function comparison(operator: Comparator, [left, right]: readonly [Operand, Operand], refuse: Refuse): Named {
  if (operator === '<>') throw refuse('Invalid operator used in KeyConditionExpression: <>');
  checkOperands([left, right], refuse);
  const isTurned = left.kind !== 'path';
  const [key, value] = isTurned ? [right, left] : [left, right];
  return keyed(OPERATORS[isTurned ? TURNED[operator] : operator]!, key, [value], refuse);
}

function named(
  operator: ComparisonOperator,
  shown: string,
  operands: readonly Operand[],
  refuse: Refuse,
): Named {
  const [key, ...values] = operands;
  if (key!.kind === 'value') {
    throw refuse(
      `Invalid condition in KeyConditionExpression: ${shown} operator must have the key attribute as its first operand`,
    );
  }
  checkOperands(operands, refuse);
  return keyed(operator, key!, values, refuse);
}

function keyed(
  operator: ComparisonOperator,
  key: Operand,
  values: readonly Operand[],
  refuse: Refuse,
): Named {
  if (key.kind !== 'path')
    throw refuse('Invalid condition in KeyConditionExpression: No key attribute specified');
  const list = values.map((operand) => (operand as { readonly value: AttributeValue }).value);
  return { name: key.path[0] as string, ComparisonOperator: operator, AttributeValueList: list };
}

function checkOperands(operands: readonly Operand[], refuse: Refuse): void {
  if (operands.some(({ kind }) => kind === 'size')) {
    throw refuse('KeyConditionExpressions cannot contain nested operations');
  }
  const paths = operands.flatMap((operand) => (operand.kind === 'path' ? [operand.path] : []));
  if (paths.length > 1) {
    throw refuse(
      'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
    );
  }
  if (paths.some((path) => path.length > 1)) {
    throw refuse('KeyConditionExpressions cannot have conditions on nested attributes');
  }
}

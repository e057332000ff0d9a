/** What a condition must not be although its syntax is right, in the order in which DynamoDB looks. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { typeOf } from '../engine/item-checks.ts';
import { compareValues } from '../values/comparison.ts';
import { pathText } from './document-path.ts';
import { checkReserved } from './expression-scope.ts';
import { operandType } from './operand-types.ts';
import type { Condition, ConditionFunction, Operand } from './parsed.ts';
import type { ComparisonSyntax, ConditionSyntax, OperandSyntax } from './syntax.ts';
import { operandsOf, simpleConditions, withinOperand } from './syntax.ts';

type Refuse = (reason: string) => Error;

/** By name, the number of operands. */
export const CONDITION_FUNCTIONS: Readonly<Record<ConditionFunction | 'size', number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};
const UPDATE_FUNCTIONS: readonly string[] = ['if_not_exists', 'list_append'];
/** Source: service quotas, "IN: 100 operands". */
const MAX_CHOICES = 100;
const TYPES = ['B', 'NULL', 'SS', 'BOOL', 'L', 'BS', 'N', 'NS', 'S', 'M'];
const UNSIZED = ['N', 'BOOL', 'NULL'];
const ORDERED = ['S', 'N', 'B'];

/** Names of functions and where they stand, then reserved words. */
export function checkFunctionsAndNames(condition: ConditionSyntax, refuse: Refuse): void {
  const operands = [...simpleConditions(condition)].flatMap((simple) =>
    [...operandsOf(simple)].flatMap((operand) => [...withinOperand(operand)]),
  );
  for (const operand of operands) {
    if (operand.kind !== 'call' || Object.hasOwn(CONDITION_FUNCTIONS, operand.name)) continue;
    throw refuse(
      UPDATE_FUNCTIONS.includes(operand.name)
        ? `The function is not allowed in a condition expression; function: ${operand.name}`
        : `Invalid function name; function: ${operand.name}`,
    );
  }
  for (const simple of simpleConditions(condition)) checkPlaces(simple, refuse);
  for (const operand of operands) if (operand.kind === 'path') checkReserved(operand, refuse);
}

/** Of the functions only `size` can be an operand, and it cannot be a condition. */
function checkPlaces(simple: OperandSyntax | ComparisonSyntax, refuse: Refuse): void {
  const misused = (name: string): Error =>
    refuse(`The function is not allowed to be used this way in an expression; function: ${name}`);
  if (simple.kind === 'path' || simple.kind === 'value') return;
  for (const operand of simple.operands) {
    for (const inner of withinOperand(operand)) {
      if (inner.kind === 'call' && inner.name !== 'size') throw misused(inner.name);
    }
  }
  if (simple.kind === 'call' && simple.name === 'size') throw misused('size');
}

export function checkCount(name: string, count: number, expected: number, refuse: Refuse): void {
  if (count === expected) return;
  throw refuse(
    `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${count}`,
  );
}

export function checkDistinct(
  operator: string,
  [first, ...others]: readonly Operand[],
  refuse: Refuse,
): void {
  if (first?.kind !== 'path') return;
  const text = JSON.stringify(first.path);
  if (!others.some((other) => other.kind === 'path' && JSON.stringify(other.path) === text)) return;
  throw refuse(
    `The first operand must be distinct from the remaining operands for this operator or function; operator: ${operator}, first operand: ${pathText(first.path)}`,
  );
}

export function checkSize(of: Operand, refuse: Refuse): void {
  const type = operandType(of);
  if (type !== undefined && UNSIZED.includes(type))
    throw wrongType('operator or function: size', type, refuse);
}

export function checkCall(name: ConditionFunction, operands: readonly Operand[], refuse: Refuse): void {
  if (name === 'attribute_exists' || name === 'attribute_not_exists') {
    if (operands[0]!.kind === 'path') return;
    throw refuse(`Operator or function requires a document path; operator or function: ${name}`);
  }
  if (name === 'begins_with') {
    for (const operand of operands) {
      const type = operandType(operand);
      if (type !== undefined && type !== 'S' && type !== 'B') {
        throw wrongType(`operator or function: ${name}`, type, refuse);
      }
    }
  }
  if (name === 'attribute_type') checkTypeName(operands[1]!, refuse);
}

function checkTypeName(operand: Operand, refuse: Refuse): void {
  const type = operandType(operand) ?? `{${['NS', 'SS', 'L', 'BS', 'N', 'M', 'B', 'BOOL', 'NULL', 'S']}}`;
  if (operand.kind !== 'value' || operand.value.S === undefined) {
    throw wrongType('operator or function: attribute_type', type, refuse);
  }
  if (TYPES.includes(operand.value.S)) return;
  throw refuse(`Invalid attribute type name found; type: ${operand.value.S}, valid types: {${TYPES}}`);
}

export function checkComparison(
  condition: Extract<Condition, { readonly kind: 'compare' | 'between' | 'in' }>,
  refuse: Refuse,
): void {
  if (condition.kind === 'in') {
    const count = condition.choices.length;
    if (count > MAX_CHOICES) {
      throw refuse(`The IN operator is provided with too many operands; number of operands: ${count}`);
    }
    return;
  }
  const operator = condition.kind === 'between' ? 'BETWEEN' : condition.operator;
  if (operator === '=' || operator === '<>') return;
  for (const operand of condition.operands) {
    const type = operandType(operand);
    if (type !== undefined && !ORDERED.includes(type)) throw wrongType(`operator: ${operator}`, type, refuse);
  }
  if (condition.kind === 'between') checkBounds(condition.operands[1], condition.operands[2], refuse);
}

function checkBounds(low: Operand, high: Operand, refuse: Refuse): void {
  if (low.kind !== 'value' || high.kind !== 'value') return;
  const order = compareValues(low.value, high.value);
  if (order !== undefined && order <= 0) return;
  const requirement =
    order === undefined
      ? 'same data type for lower and upper bounds'
      : 'upper bound to be greater than or equal to lower bound';
  throw refuse(
    `The BETWEEN operator requires ${requirement}; lower bound operand: AttributeValue: ${valueText(low.value)}, upper bound operand: AttributeValue: ${valueText(high.value)}`,
  );
}

function valueText(value: AttributeValue): string {
  const text = value.B === undefined ? (value.S ?? value.N) : Buffer.from(value.B).toString('base64');
  return `{${typeOf(value)}:${text}}`;
}

function wrongType(where: string, type: string, refuse: Refuse): Error {
  return refuse(`Incorrect operand type for operator or function; ${where}, operand type: ${type}`);
}

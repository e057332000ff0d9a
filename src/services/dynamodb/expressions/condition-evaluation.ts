/** Whether an item meets a condition. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { typeOf } from '../engine/item-checks.ts';
import type { Item } from '../engine/item-text.ts';
import { compareValues, isEqual, setMembers } from '../values/comparison.ts';
import { valueAt } from './document-path.ts';
import type { Comparator, Condition, Operand } from './parsed.ts';

type Value = AttributeValue | undefined;

/** Of an item that is not there, nothing exists. */
export function isMet(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.conditions.every((inner) => isMet(inner, item));
    case 'or':
      return condition.conditions.some((inner) => isMet(inner, item));
    case 'not':
      return !isMet(condition.condition, item);
    case 'compare': {
      const [left, right] = condition.operands;
      return holds(condition.operator, operandValue(left, item), operandValue(right, item));
    }
    case 'between': {
      const [value, low, high] = condition.operands.map((operand) => operandValue(operand, item));
      return holds('>=', value, low) && holds('<=', value, high);
    }
    case 'in': {
      const value = operandValue(condition.operand, item);
      return condition.choices.some((choice) => holds('=', value, operandValue(choice, item)));
    }
    case 'call': {
      const [first, second] = condition.operands.map((operand) => operandValue(operand, item));
      return callHolds(condition.name, first, second);
    }
  }
}

function callHolds(
  name: Extract<Condition, { readonly kind: 'call' }>['name'],
  first: Value,
  second: Value,
): boolean {
  if (name === 'attribute_not_exists') return first === undefined;
  if (first === undefined) return false;
  if (name === 'attribute_exists') return true;
  if (second === undefined) return false;
  if (name === 'attribute_type') return typeOf(first) === second.S;
  return name === 'begins_with' ? beginsWith(first, second) : contains(first, second);
}

function holds(operator: Comparator, left: Value, right: Value): boolean {
  if (operator === '<>') return left === undefined || right === undefined || !isEqual(left, right);
  if (left === undefined || right === undefined) return false;
  if (operator === '=') return isEqual(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function operandValue(operand: Operand, item: Item): Value {
  if (operand.kind === 'path') return valueAt(item, operand.path);
  if (operand.kind === 'value') return operand.value;
  const of = operandValue(operand.of, item);
  const size = of && sizeOf(of);
  return size === undefined ? undefined : { N: String(size) };
}

/** Characters, bytes, or members. Numbers, booleans and null have none. */
function sizeOf(value: AttributeValue): number | undefined {
  if (value.S !== undefined) return value.S.length;
  if (value.B !== undefined) return value.B.byteLength;
  if (value.L !== undefined) return value.L.length;
  if (value.M !== undefined) return Object.keys(value.M).length;
  return (value.SS ?? value.NS ?? value.BS)?.length;
}

function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if (value.S !== undefined && prefix.S !== undefined) return value.S.startsWith(prefix.S);
  if (value.B === undefined || prefix.B === undefined) return false;
  return Buffer.compare(value.B.subarray(0, prefix.B.byteLength), prefix.B) === 0;
}

/** A part of text or bytes, a member of a set, or an element of a list. */
function contains(value: AttributeValue, part: AttributeValue): boolean {
  if (value.L !== undefined) return value.L.some((element) => isEqual(element, part));
  if (value.S !== undefined) return part.S !== undefined && value.S.includes(part.S);
  if (value.B !== undefined) return part.B !== undefined && bufferOf(value.B).includes(bufferOf(part.B));
  if (typeOf(value) !== `${typeOf(part)}S`) return false;
  const member = part.S ?? part.N ?? bufferOf(part.B!).toString('base64');
  return setMembers(value)?.includes(member) ?? false;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

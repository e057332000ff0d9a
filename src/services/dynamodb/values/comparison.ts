/** How DynamoDB compares values. Source: developer guide, "Comparison operator and function reference". */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { typeOf } from '../engine/item-checks.ts';
import { numberBytes } from '../engine/key-bytes.ts';

/** Numbers of so few characters are compared as they are. */
const MAX_SMALL_NUMBER = 15;

/** Numbers in canonical form. */
export function compareNumbers(left: string, right: string): number {
  if (left === right) return 0;
  if (left.length <= MAX_SMALL_NUMBER && right.length <= MAX_SMALL_NUMBER)
    return Number(left) - Number(right);
  return Buffer.compare(numberBytes(left), numberBytes(right));
}

/** Less than 0, 0, or more than 0; undefined for values that have no order: of two types, or not text, number or bytes. */
export function compareValues(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.S !== undefined && right.S !== undefined) return compareTexts(left.S, right.S);
  if (left.N !== undefined && right.N !== undefined) return compareNumbers(left.N, right.N);
  if (left.B !== undefined && right.B !== undefined) return Buffer.compare(left.B, right.B);
  return undefined;
}

/** By their UTF-8. */
function compareTexts(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
}

export function isEqual(left: AttributeValue, right: AttributeValue): boolean {
  if (typeOf(left) !== typeOf(right)) return false;
  if (left.S !== undefined) return left.S === right.S;
  if (left.N !== undefined) return left.N === right.N;
  if (left.B !== undefined) return Buffer.compare(left.B, right.B!) === 0;
  if (left.BOOL !== undefined) return left.BOOL === right.BOOL;
  if (left.L !== undefined) return isEqualList(left.L, right.L!);
  if (left.M !== undefined) return isEqualMap(left.M, right.M!);
  if (left.NULL !== undefined) return true;
  return isEqualSet(setMembers(left)!, setMembers(right)!);
}

/** Members of a set as texts, by which they can be told apart; undefined for what is no set. */
export function setMembers(value: AttributeValue): readonly string[] | undefined {
  return value.SS ?? value.NS ?? value.BS?.map((bytes) => Buffer.from(bytes).toString('base64'));
}

function isEqualSet(left: readonly string[], right: readonly string[]): boolean {
  const members = new Set(left);
  return left.length === right.length && right.every((member) => members.has(member));
}

function isEqualList(left: readonly AttributeValue[], right: readonly AttributeValue[]): boolean {
  return left.length === right.length && left.every((value, place) => isEqual(value, right[place]!));
}

function isEqualMap(
  left: Readonly<Record<string, AttributeValue>>,
  right: Readonly<Record<string, AttributeValue>>,
): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isEqual(left[name]!, right[name]!))
  );
}

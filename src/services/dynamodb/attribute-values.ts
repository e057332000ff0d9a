/** Values as clients give them: checked in DynamoDB's words, numbers brought to the form in which it answers them. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { invalidValues, validationError } from './engine/item-checks.ts';
import type { Item } from './engine/item-text.ts';
import { canonicalNumber } from './number-text.ts';
import { MAX_DEPTH } from './values/depth.ts';

/** Throws `ValidationException`. */
export function checkedItem(item: Item): Item {
  const checked: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(item)) put(checked, name, checkedValue(value));
  return checked;
}

export function checkedValue(value: AttributeValue, depth = 0): AttributeValue {
  const types = Object.keys(value ?? {});
  if (types.length === 0) {
    throw validationError(
      'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    );
  }
  if (types.length > 1) {
    throw validationError(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  if (depth > MAX_DEPTH) throw validationError('Nesting Levels have exceeded supported limits');
  if (value.N !== undefined) return { N: canonicalNumber(value.N) };
  if (value.NULL === false) {
    throw invalidValues('Null attribute value types must have the value of true');
  }
  if (value.SS !== undefined || value.NS !== undefined || value.BS !== undefined) return checkedSet(value);
  if (value.L !== undefined) return { L: value.L.map((inner) => checkedValue(inner, depth + 1)) };
  if (value.M !== undefined) {
    const map: Record<string, AttributeValue> = {};
    for (const [name, inner] of Object.entries(value.M)) put(map, name, checkedValue(inner, depth + 1));
    return { M: map };
  }
  return value;
}

function checkedSet(value: AttributeValue): AttributeValue {
  if (value.SS !== undefined) {
    if (value.SS.length === 0) throw invalidValues('An string set  may not be empty');
    if (new Set(value.SS).size < value.SS.length) {
      throw invalidValues(`Input collection [${value.SS.join(', ')}] contains duplicates.`);
    }
    return value;
  }
  if (value.NS !== undefined) {
    if (value.NS.length === 0) throw invalidValues('An number set  may not be empty');
    const numbers = value.NS.map(canonicalNumber);
    if (new Set(numbers).size < numbers.length) throw validationError('Input collection contains duplicates');
    return { NS: numbers };
  }
  const texts = (value.BS ?? []).map((bytes) => Buffer.from(bytes).toString('base64'));
  if (texts.length === 0) throw invalidValues('Binary sets should not be empty');
  if (new Set(texts).size < texts.length) {
    throw invalidValues(`Input collection [${texts.join(', ')}]of type BS contains duplicates.`);
  }
  return value;
}

/** Own property even for the name `__proto__`. */
function put(target: Record<string, AttributeValue>, name: string, value: AttributeValue): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else target[name] = value;
}

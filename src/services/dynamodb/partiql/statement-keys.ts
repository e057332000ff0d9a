/** Which items a statement is about: what its conditions say of keys, and what is left of them. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { partsOf, typeOf, validationError } from '../engine/item-checks.ts';
import type { Item } from '../engine/item-text.ts';
import type { KeyPart, KeySchema } from '../engine/key-bytes.ts';
import type { Condition, Operand } from '../expressions/parsed.ts';
import type { SortCondition } from '../sort-range.ts';

export interface KeyedConditions {
  readonly key: Item;
  readonly rest: Condition | undefined;
}

export interface RangedConditions {
  readonly partition: AttributeValue;
  readonly sort: SortCondition | undefined;
  readonly rest: Condition | undefined;
}

/** Undefined unless all attributes of the key are said to equal something. */
export function keyedConditions(
  where: Condition | undefined,
  schema: KeySchema,
): KeyedConditions | undefined {
  const conditions = conjunctsOf(where);
  const key: Record<string, AttributeValue> = {};
  for (const [part] of partsOf(schema)) {
    const value = takeEquality(conditions, part);
    if (value === undefined) return undefined;
    key[part.name] = value;
  }
  return { key, rest: conjunctionOf(conditions) };
}

/** Undefined where no partition is named: all are looked through. */
export function rangedConditions(
  where: Condition | undefined,
  schema: KeySchema,
): RangedConditions | undefined {
  const conditions = conjunctsOf(where);
  const partition = takeEquality(conditions, schema.partition);
  if (partition === undefined) return undefined;
  const sort = schema.sort && takeSort(conditions, schema.sort);
  return { partition, sort, rest: conjunctionOf(conditions) };
}

function conjunctsOf(where: Condition | undefined): Condition[] {
  if (where === undefined) return [];
  return where.kind === 'and' ? where.conditions.flatMap(conjunctsOf) : [where];
}

export function conjunctionOf(conditions: readonly Condition[]): Condition | undefined {
  return conditions.length < 2 ? conditions[0] : { kind: 'and', conditions };
}

function takeEquality(conditions: Condition[], part: KeyPart): AttributeValue | undefined {
  const place = conditions.findIndex(
    (condition) =>
      condition.kind === 'compare' && condition.operator === '=' && isOn(condition.operands, part),
  );
  const [condition] = place < 0 ? [] : conditions.splice(place, 1);
  if (condition?.kind !== 'compare') return undefined;
  return keyValues(condition.operands, part)[0]!;
}

function takeSort(conditions: Condition[], part: KeyPart): SortCondition | undefined {
  for (const [place, condition] of conditions.entries()) {
    const operator = sortOperator(condition);
    if (operator === undefined || !('operands' in condition) || !isOn(condition.operands, part)) continue;
    conditions.splice(place, 1);
    return { operator, values: keyValues(condition.operands, part) };
  }
  return undefined;
}

function sortOperator(condition: Condition): SortCondition['operator'] | undefined {
  if (condition.kind === 'between') return 'BETWEEN';
  if (condition.kind === 'call') return condition.name === 'begins_with' ? condition.name : undefined;
  if (condition.kind !== 'compare' || condition.operator === '<>') return undefined;
  return condition.operator;
}

/** Whether the first operand is the attribute, and the others are values. */
function isOn([first, ...others]: readonly Operand[], { name }: KeyPart): boolean {
  return (
    first?.kind === 'path' &&
    first.path.length === 1 &&
    first.path[0] === name &&
    others.every(({ kind }) => kind === 'value')
  );
}

function keyValues([, ...operands]: readonly Operand[], { name, type }: KeyPart): AttributeValue[] {
  return operands.flatMap((operand) => {
    if (operand.kind !== 'value') return [];
    if (typeOf(operand.value) === type) return [operand.value];
    throw validationError(
      `Key attribute's data type should match its data type in table's schema: Key ${name}`,
    );
  });
}

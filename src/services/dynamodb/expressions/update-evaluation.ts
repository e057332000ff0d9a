/** What an item becomes by an update. All operands are those of the item as it was. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { invariant } from '../../../core/errors.ts';
import { typeOf, validationError } from '../engine/item-checks.ts';
import type { Item } from '../engine/item-text.ts';
import { addNumbers, subtractNumbers } from '../values/arithmetic.ts';
import { setMembers } from '../values/comparison.ts';
import { checkDepth } from '../values/depth.ts';
import type { PathTree } from './document-path.ts';
import { memberOf, treeOf, valueAt } from './document-path.ts';
import type { Update, UpdateAction, UpdateOperand } from './parsed.ts';

type Value = AttributeValue | undefined;
/** What is to be in a place; nothing where what was there is removed. */
type Change = { readonly value: Value };

/** The item that is given stays as it is. Throws `ValidationException`. */
export function updated(update: Update, item: Item): Item {
  const changes = update.actions.map((action) => ({
    path: action.path,
    leaf: { value: changedValue(action, item, update.isLegacy === true) },
  }));
  const after = changedMap(item, treeOf<Change>(changes));
  for (const { path } of changes) checkDepth(memberOf(after, path[0]!));
  return after;
}

function changedValue(action: UpdateAction, item: Item, isLegacy: boolean): Value {
  if (action.kind === 'remove') return undefined;
  if (action.kind === 'set') return resolved(action.value, item);
  const before = valueAt(item, action.path);
  if (before !== undefined && typeOf(before) !== typeOf(action.value)) throw wrongType(isLegacy);
  if (action.kind === 'delete') return before && withoutMembers(before, action.value);
  if (before === undefined) return action.value;
  if (before.N !== undefined) return { N: addNumbers(before.N, action.value.N!) };
  if (before.L !== undefined) return { L: [...before.L, ...action.value.L!] };
  return withMembers(before, action.value);
}

function resolved(operand: UpdateOperand, item: Item): AttributeValue {
  switch (operand.kind) {
    case 'value':
      return operand.value;
    case 'path': {
      const value = valueAt(item, operand.path);
      if (value !== undefined) return value;
      throw validationError('The provided expression refers to an attribute that does not exist in the item');
    }
    case 'if_not_exists':
      return valueAt(item, operand.path) ?? resolved(operand.otherwise, item);
    case 'list_append': {
      const [left, right] = operand.operands.map((inner) => resolved(inner, item).L);
      if (left === undefined || right === undefined) throw wrongType(false);
      return { L: [...left, ...right] };
    }
    default: {
      const [left, right] = operand.operands.map((inner) => resolved(inner, item).N);
      if (left === undefined || right === undefined) throw wrongType(false);
      return { N: operand.kind === '+' ? addNumbers(left, right) : subtractNumbers(left, right) };
    }
  }
}

function wrongType(isLegacy: boolean): Error {
  return validationError(
    isLegacy
      ? 'Type mismatch for attribute to update'
      : 'An operand in the update expression has an incorrect data type',
  );
}

function withMembers(set: AttributeValue, added: AttributeValue): AttributeValue {
  const members = new Set(setMembers(set));
  const isNew = (_: unknown, place: number): boolean => !members.has(setMembers(added)![place]!);
  if (set.SS !== undefined) return { SS: [...set.SS, ...added.SS!.filter(isNew)] };
  if (set.NS !== undefined) return { NS: [...set.NS, ...added.NS!.filter(isNew)] };
  invariant(set.BS !== undefined, 'what is added to is a number, a list or a set');
  return { BS: [...set.BS, ...added.BS!.filter(isNew)] };
}

/** A set of which nothing is left is removed. */
function withoutMembers(set: AttributeValue, taken: AttributeValue): Value {
  const members = new Set(setMembers(taken));
  const own = setMembers(set)!;
  const stays = (_: unknown, place: number): boolean => !members.has(own[place]!);
  if (own.every((member) => members.has(member))) return undefined;
  if (set.SS !== undefined) return { SS: set.SS.filter(stays) };
  return set.NS !== undefined ? { NS: set.NS.filter(stays) } : { BS: set.BS!.filter(stays) };
}

function changedMap(map: Item, { branches }: PathTree<Change>): Item {
  const after: Record<string, AttributeValue> = { ...map };
  for (const [name, branch] of branches) {
    if (typeof name === 'number') throw invalidPath();
    const value = changed(memberOf(map, name), branch);
    delete after[name];
    if (value !== undefined) define(after, name, value);
  }
  return after;
}

/** Places beyond the end are filled in their order, and what is removed leaves no gap. */
function changedList(list: readonly AttributeValue[], { branches }: PathTree<Change>): AttributeValue[] {
  const after: Value[] = [...list];
  const added: [number, AttributeValue][] = [];
  for (const [place, branch] of branches) {
    if (typeof place === 'string') throw invalidPath();
    const value = changed(list[place], branch);
    if (place < list.length) after[place] = value;
    else if (value !== undefined) added.push([place, value]);
  }
  added.sort(([left], [right]) => left - right);
  return [...after.filter((value) => value !== undefined), ...added.map(([, value]) => value)];
}

function changed(value: Value, branch: PathTree<Change>): Value {
  if (branch.leaf !== undefined) return branch.leaf.value;
  if (value?.M !== undefined) return { M: changedMap(value.M, branch) };
  if (value?.L !== undefined) return { L: changedList(value.L, branch) };
  throw invalidPath();
}

function invalidPath(): Error {
  return validationError('The document path provided in the update expression is invalid for update');
}

/** Also for the name `__proto__`. */
function define(target: Record<string, AttributeValue>, name: string, value: AttributeValue): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Parts of items. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../engine/item-text.ts';
import type { PathTree } from './document-path.ts';
import { checkDistinctPaths, memberOf, treeOf } from './document-path.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { checkReserved } from './expression-scope.ts';
import { OperandParser } from './operand-parser.ts';
import type { Projection, Update } from './parsed.ts';
import { TokenReader } from './tokens.ts';

type Refuse = (reason: string) => Error;

/** Throws what `refuse` makes of the reason. */
export function parsedProjection(text: string, scope: ExpressionScope, refuse: Refuse): Projection {
  const tokens = new TokenReader(text, refuse);
  const parser = new OperandParser(tokens, refuse);
  const paths = tokens.list(() => parser.path());
  if (tokens.current.kind !== 'end') throw tokens.syntaxError();
  for (const path of paths) checkReserved(path, refuse);
  const projection = paths.map((path) => scope.path(path, refuse));
  checkDistinctPaths(projection, refuse);
  return projection;
}

/** Elements of lists move up to where those before them are left out. */
export function projectedPart(projection: Projection, item: Item): Item {
  return partOfMap(item, treeOf(projection.map((path) => ({ path, leaf: true }))));
}

/** The part of an item that an update changes. */
export function updatedPart({ actions }: Update, item: Item): Item {
  return projectedPart(
    actions.map(({ path }) => path),
    item,
  );
}

function partOfMap(map: Item, { branches }: PathTree<boolean>): Item {
  const parts: [string, AttributeValue][] = [];
  for (const [name, branch] of branches) {
    const part = partOf(memberOf(map, name), branch);
    if (part !== undefined) parts.push([name as string, part]);
  }
  return Object.fromEntries(parts);
}

function partOfList(list: readonly AttributeValue[], { branches }: PathTree<boolean>): AttributeValue[] {
  return [...branches]
    .map(([place, branch]) => ({ place: Number(place), part: partOf(memberOf(list, place), branch) }))
    .sort((left, right) => left.place - right.place)
    .flatMap(({ part }) => part ?? []);
}

/** Undefined where a path leads to nothing. */
function partOf(value: AttributeValue | undefined, branch: PathTree<boolean>): AttributeValue | undefined {
  if (branch.leaf === true || value === undefined) return value;
  if (value.M !== undefined) {
    const map = partOfMap(value.M, branch);
    return Object.keys(map).length === 0 ? undefined : { M: map };
  }
  const list = value.L === undefined ? [] : partOfList(value.L, branch);
  return list.length === 0 ? undefined : { L: list };
}

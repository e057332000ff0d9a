/** Paths into documents: `a.b[3].c`. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../engine/item-text.ts';

/** Names of attributes and members, and places in lists; the first is a name. */
export type DocumentPath = readonly (string | number)[];

/** In DynamoDB's form: `[a, b, [3], c]`. */
export function pathText(path: DocumentPath): string {
  return `[${path.map((part) => (typeof part === 'number' ? `[${part}]` : part)).join(', ')}]`;
}

export function valueAt(item: Item, path: DocumentPath): AttributeValue | undefined {
  let value: AttributeValue | undefined = memberOf(item, path[0]!);
  for (let place = 1; value !== undefined && place < path.length; place += 1) {
    value = memberOf(value.M ?? value.L, path[place]!);
  }
  return value;
}

/** Undefined too for a name in a list, and for a place in a map. */
export function memberOf(
  held: Item | readonly AttributeValue[] | undefined,
  part: string | number,
): AttributeValue | undefined {
  if (held === undefined) return undefined;
  if (Array.isArray(held)) return typeof part === 'number' ? held[part] : undefined;
  return typeof part === 'string' && Object.hasOwn(held, part) ? (held as Item)[part] : undefined;
}

/** Paths as a tree, with what belongs to each at its end. */
export interface PathTree<T> {
  readonly branches: Map<string | number, PathTree<T>>;
  leaf?: T;
}

/** Of paths none of which is the beginning of another. */
export function treeOf<T>(leaves: readonly { readonly path: DocumentPath; readonly leaf: T }[]): PathTree<T> {
  const root: PathTree<T> = { branches: new Map() };
  for (const { path, leaf } of leaves) {
    let node = root;
    for (const part of path) {
      let next = node.branches.get(part);
      if (next === undefined) {
        next = { branches: new Map() };
        node.branches.set(part, next);
      }
      node = next;
    }
    node.leaf = leaf;
  }
  return root;
}

/** Throws where a path is the beginning of another, or takes for a list what another takes for a map. */
export function checkDistinctPaths(paths: readonly DocumentPath[], refuse: (reason: string) => Error): void {
  let conflict: Error | undefined;
  for (const [place, path] of paths.entries()) {
    for (const other of paths.slice(0, place)) {
      const relation = relationOf(other, path);
      if (relation === undefined) continue;
      const error = refuse(
        `Two document paths ${relation} with each other; must remove or rewrite one of these paths; path one: ${pathText(other)}, path two: ${pathText(path)}`,
      );
      if (relation === 'overlap') throw error;
      conflict ??= error;
    }
  }
  if (conflict !== undefined) throw conflict;
}

function relationOf(one: DocumentPath, two: DocumentPath): 'overlap' | 'conflict' | undefined {
  for (let place = 0; place < Math.min(one.length, two.length); place += 1) {
    if (typeof one[place] !== typeof two[place]) return 'conflict';
    if (one[place] !== two[place]) return undefined;
  }
  return 'overlap';
}

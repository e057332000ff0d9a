/** Expressions, parsed once for each request. */
import { invariant } from '../../../core/errors.ts';
import type { Item } from './item-text.ts';
import type { ExpressionInput } from './requests.ts';

export function conditionOf(_input: ExpressionInput): (item: Item) => boolean {
  invariant(false, 'expressions are refused before');
}

export function projectionOf(_input: ExpressionInput): (item: Item) => Item {
  invariant(false, 'expressions are refused before');
}

export function updateOf(_input: ExpressionInput): { apply(item: Item): Item } {
  invariant(false, 'expressions are refused before');
}

import type { Item } from './engine/item-text.ts';
import type { ExpressionInput } from './engine/requests.ts';

/** The part of an item that an update changes. */
export function updatedPart(_update: ExpressionInput, item: Item): Item {
  return item;
}

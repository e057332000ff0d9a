/** Reads of items in the order of a table or an index. */
import type { ItemRows, RowRange } from '../../../ports/item-store.ts';
import { isMet } from '../expressions/condition-evaluation.ts';
import { projectedPart } from '../expressions/projection.ts';
import { keyNames, projected } from './index-entries.ts';
import type { Item } from './item-text.ts';
import { itemOfText, textOfItem } from './item-text.ts';
import type { GetReply, GetRequest, ReadReply, ReadRequest } from './requests.ts';
import type { IndexLayout, TableLayout } from './table-layout.ts';

/** Source: API reference of Query and Scan: what is read at once ends with the item that reaches 1 MB. */
const MAX_READ_BYTES = 1024 * 1024;

const ENCODER = new TextEncoder();

interface Found {
  /** Bytes in the table or in the index that is read. */
  readonly sizeBytes: number;
  readonly text: string;
  readonly tableBytes: number;
}

export class ItemReader {
  private readonly rows: ItemRows;
  private readonly layoutOf: (table: number) => TableLayout;

  constructor(rows: ItemRows, layoutOf: (table: number) => TableLayout) {
    this.rows = rows;
    this.layoutOf = layoutOf;
  }

  get({ gets }: GetRequest): GetReply {
    return gets.map(({ table, key, projection }) => {
      const row = this.rows.find(table, key);
      if (row === undefined) return { sizeBytes: 0 };
      const item =
        projection === undefined ? row.item : textOfItem(projectedPart(projection, itemOfText(row.item)));
      return { item, sizeBytes: row.sizeBytes };
    });
  }

  read(request: ReadRequest): ReadReply {
    const table = this.layoutOf(request.table);
    const index = table.indexes.find(({ id }) => id === request.index);
    const shown = shownBy(request, table, index);
    const items: string[] = [];
    const fetchedBytes: number[] = [];
    let [count, scanned, sizeBytes] = [0, 0, 0];
    let last: Found | undefined;
    for (const found of this.found(request, index)) {
      if (scanned >= request.limit || sizeBytes >= MAX_READ_BYTES) {
        return {
          items: listOf(items),
          count,
          scanned,
          sizeBytes,
          fetchedBytes,
          lastKey: keyText(last!, table, index),
        };
      }
      scanned += 1;
      sizeBytes += found.sizeBytes;
      last = found;
      if (index !== undefined && index.projection !== 'ALL' && request.isWhole) {
        fetchedBytes.push(found.tableBytes);
      }
      const text = shown(found.text);
      if (text === undefined) continue;
      count += 1;
      if (!request.isCount) items.push(text);
    }
    // Whether anything follows is not looked at: a read that ends at its limit says where it ended.
    const lastKey = last !== undefined && scanned >= request.limit ? keyText(last, table, index) : undefined;
    return { items: listOf(items), count, scanned, sizeBytes, fetchedBytes, lastKey };
  }

  private *found(request: ReadRequest, index: IndexLayout | undefined): IterableIterator<Found> {
    const { partition, low, high, beyond, isDescending } = request;
    const range: RowRange = { low, high, beyond, isDescending, ...(partition && { partition }) };
    if (index === undefined) {
      for (const { sizeBytes, item } of this.rows.items(request.table, range)) {
        yield { sizeBytes, text: item, tableBytes: sizeBytes };
      }
      return;
    }
    for (const { itemKey, sizeBytes } of this.rows.entries(index.id, range)) {
      const row = this.rows.find(request.table, itemKey);
      if (row !== undefined) yield { sizeBytes, text: row.item, tableBytes: row.sizeBytes };
    }
  }
}

/** What is shown of an item; undefined where the filter keeps it out. */
function shownBy(
  request: ReadRequest,
  table: TableLayout,
  index: IndexLayout | undefined,
): (text: string) => string | undefined {
  const { filter, projection } = request;
  const isPart = index !== undefined && index.projection !== 'ALL' && !request.isWhole;
  if (filter === undefined && projection === undefined && !isPart) return (text) => text;
  return (text) => {
    const item: Item = isPart ? projected(index, table, itemOfText(text)) : itemOfText(text);
    if (filter !== undefined && !isMet(filter, item)) return undefined;
    if (projection === undefined && !isPart) return text;
    return textOfItem(projection === undefined ? item : projectedPart(projection, item));
  };
}

/** In memory of its own, which is copied to the thread that asked: a buffer out of a pool would bring the pool along. */
function listOf(items: readonly string[]): Uint8Array {
  return ENCODER.encode(`[${items.join(',')}]`);
}

function keyText({ text }: Found, table: TableLayout, index: IndexLayout | undefined): string {
  const item = itemOfText(text);
  const names = new Set([...keyNames(table.key), ...(index === undefined ? [] : keyNames(index.key))]);
  return textOfItem(Object.fromEntries([...names].map((name) => [name, item[name]!])));
}

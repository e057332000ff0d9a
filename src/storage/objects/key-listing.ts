/** Lists of keys in order, with those that share a prefix rolled up; each rolled-up group costs one search. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ListPage, ListRange } from '../../ports/object-table.ts';
import { isBefore, textAfter } from '../sqlite/text-order.ts';
import type { Row } from './object-rows.ts';

export interface KeyListing<Entry> {
  /** `SELECT … FROM … WHERE bucket = ?`, to which the conditions on the key are added. */
  readonly select: string;
  /** `ORDER BY …`: by key first. */
  readonly order: string;
  /** Of the key after which the list goes on, what is still to come: `sequence < ?`. */
  readonly rest: string;
  readonly entryOf: (row: Row) => Entry;
}

interface Statements {
  readonly from: StatementSync;
  readonly after: StatementSync;
  readonly rest: StatementSync;
}

export class KeyLister<Entry> {
  private readonly statements: Statements;
  private readonly listing: KeyListing<Entry>;

  constructor(database: DatabaseSync, listing: KeyListing<Entry>) {
    this.listing = listing;
    const { select, order, rest } = listing;
    this.statements = {
      from: database.prepare(`${select} AND key >= ? ${order}`),
      after: database.prepare(`${select} AND key > ? ${order}`),
      rest: database.prepare(`${select} AND key = ? AND ${rest} ${order}`),
    };
  }

  page(range: ListRange): ListPage<Entry> {
    const { bucket, prefix, after, afterSequence, limit } = range;
    const page: (Entry | string)[] = [];
    const rolled = rolledUp(after, range);
    // What is left of the last key of the page before, where that was an entry of this list.
    if (afterSequence !== undefined && rolled === undefined && after.startsWith(prefix)) {
      for (const row of this.statements.rest.iterate(bucket, after, afterSequence)) {
        if (page.length === limit) return { entries: page, isTruncated: true };
        page.push(this.listing.entryOf(row));
      }
    }
    const start = rolled === undefined ? after : textAfter(rolled);
    if (start === undefined) return { entries: page, isTruncated: false };
    if (isBefore(start, prefix)) return this.walk(range, page, { from: prefix });
    return this.walk(range, page, rolled === undefined ? { after } : { from: start });
  }

  private walk(
    range: ListRange,
    page: (Entry | string)[],
    first: { readonly after: string } | { readonly from: string },
  ): ListPage<Entry> {
    const { bucket, limit } = range;
    let position: { readonly after: string } | { readonly from: string } | undefined = first;
    while (position !== undefined) {
      const rows: IterableIterator<Row> =
        'after' in position
          ? this.statements.after.iterate(bucket, position.after)
          : this.statements.from.iterate(bucket, position.from);
      position = undefined;
      for (const row of rows) {
        const key = row['key'] as string;
        if (!key.startsWith(range.prefix)) break;
        if (page.length === limit) return { entries: page, isTruncated: true };
        const group = rolledUp(key, range);
        if (group === undefined) {
          page.push(this.listing.entryOf(row));
          continue;
        }
        page.push(group);
        const next = textAfter(group);
        if (next !== undefined) position = { from: next };
        break;
      }
    }
    return { entries: page, isTruncated: false };
  }
}

/** The part of a key up to the first delimiter behind the prefix; undefined where there is none. */
function rolledUp(key: string, { prefix, delimiter }: ListRange): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

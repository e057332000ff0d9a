/** Lists of keys in order, with those that share a prefix rolled up; each rolled-up group costs one search. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ListPage, ListRange } from '../../ports/object-table.ts';
import type { Row } from './object-rows.ts';

/** Later than every key that begins with a prefix at the end of Unicode: no text ends a range there. */
const LAST_CODE_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** The least text that is greater than all that begin with `prefix`, in the order of UTF-8; undefined for none. */
export function textAfter(prefix: string): string | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!;
    if (last === LAST_CODE_POINT) continue;
    const next = last + 1;
    return points.join('') + String.fromCodePoint(next === FIRST_SURROGATE ? AFTER_SURROGATES : next);
  }
  return undefined;
}

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
    if (after !== '' && afterSequence !== undefined) {
      for (const row of this.statements.rest.iterate(bucket, after, afterSequence)) {
        if (page.length === limit) return { entries: page, isTruncated: true };
        page.push(this.listing.entryOf(row));
      }
    }
    const rolled = rolledUp(after, range);
    const start = rolled === undefined ? after : textAfter(rolled);
    if (start === undefined) return { entries: page, isTruncated: false };
    if (!isBefore(prefix, start)) return this.walk(range, page, { from: prefix });
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

/** By their UTF-8 bytes, as the database compares. */
function isBefore(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
}

/** The part of a key up to the first delimiter behind the prefix; undefined where there is none. */
function rolledUp(key: string, { prefix, delimiter }: ListRange): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

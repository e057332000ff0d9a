/** Writes of items: what they are to become is decided for all first, and then all are stored. */
import { isDeepStrictEqual } from 'node:util';
import { AwsError } from '../../../core/errors.ts';
import type { ItemRow, ItemRows } from '../../../ports/item-store.ts';
import { isMet } from '../expressions/condition-evaluation.ts';
import { updated } from '../expressions/update-evaluation.ts';
import { expiryOf } from './expiry.ts';
import type { IndexEntry } from './index-entries.ts';
import { changeEntry, entryOf, projected } from './index-entries.ts';
import { checkIndexKeys, checkUpdatedSize } from './item-checks.ts';
import { itemSize } from './item-size.ts';
import type { Item } from './item-text.ts';
import { itemOfText, textOfItem } from './item-text.ts';
import { rowKeyOf } from './key-bytes.ts';
import type { Refusal, Write, WriteReply, WriteRequest, WriteResult } from './requests.ts';
import type { StreamWriter } from './stream-writer.ts';
import type { IndexLayout, TableLayout } from './table-layout.ts';

/** An item as it is, or is to be; parsed once something asks for that. */
class ItemState {
  readonly text: string;
  readonly sizeBytes: number;
  private parsed: Item | undefined;

  constructor(text: string, sizeBytes: number, parsed?: Item) {
    this.text = text;
    this.sizeBytes = sizeBytes;
    this.parsed = parsed;
  }

  get item(): Item {
    this.parsed ??= itemOfText(this.text);
    return this.parsed;
  }
}

interface Sized {
  readonly sizeBytes: number;
}

interface Plan {
  readonly write: Write;
  readonly table: TableLayout;
  readonly before: ItemState | undefined;
  readonly after: ItemState | undefined;
}

export class ItemWriter {
  private readonly rows: ItemRows;
  private readonly streams: StreamWriter;
  private readonly layoutOf: (table: number) => TableLayout;

  constructor(rows: ItemRows, streams: StreamWriter, layoutOf: (table: number) => TableLayout) {
    this.rows = rows;
    this.streams = streams;
    this.layoutOf = layoutOf;
  }

  write({ writes, nowMs, token }: WriteRequest): WriteReply {
    if (token !== undefined) {
      this.rows.dropTokens(nowMs);
      const known = this.rows.token(token.scope);
      if (known !== undefined) return { kind: 'repeated', isSame: known.value === token.digest };
    }
    const plans: Plan[] = [];
    const refusals = writes.map((write) => {
      const plan = this.plan(write);
      if ('code' in plan) return plan;
      plans.push(plan);
      return undefined;
    });
    if (plans.length < writes.length) return { kind: 'refused', refusals };
    if (token !== undefined) this.rows.putToken(token.scope, token.digest, token.expiresMs);
    const results = plans.map((plan) => this.carryOut(plan, nowMs));
    const resharded = this.streams.takeResharded();
    return { kind: 'written', results, ...(resharded === undefined ? {} : { resharded }) };
  }

  /** Removes up to `limit` items that have expired; returns how many there were. */
  expire(table: TableLayout, nowMs: number, limit: number): number {
    const rows = this.rows.expired(table.id, Math.floor(nowMs / 1000), limit);
    for (const { item, sizeBytes } of rows) {
      const before = new ItemState(item, sizeBytes);
      const write: Write = { kind: 'delete', table: table.id, key: rowKeyOf(table.key, before.item) };
      this.carryOut({ write, table, before, after: undefined }, nowMs, true);
    }
    return rows.length;
  }

  private plan(write: Write): Plan | Refusal {
    const table = this.layoutOf(write.table);
    const row = this.rows.find(write.table, write.key);
    const before = row && new ItemState(row.item, row.sizeBytes);
    try {
      if (write.condition !== undefined && !isMet(write.condition, before?.item ?? {})) {
        return {
          code: 'ConditionalCheckFailed',
          message: 'The conditional request failed',
          sizeBytes: before?.sizeBytes ?? 0,
          item: write.showsRefused === true ? before?.text : undefined,
        };
      }
      return { write, table, before, after: nextState(write, table, before) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { code: 'ValidationError', message: error.message, sizeBytes: before?.sizeBytes ?? 0 };
    }
  }

  private carryOut(plan: Plan, nowMs: number, isExpiry = false): WriteResult {
    const { write, table, before, after } = plan;
    const expires = this.store(plan, nowMs);
    const indexBytes = this.changeIndexes(plan);
    if (table.stream !== undefined && isChange(before, after)) {
      this.streams.append(table, table.stream, {
        key: write.key,
        before: before?.text,
        after: after?.text,
        beforeBytes: before?.sizeBytes ?? 0,
        afterBytes: after?.sizeBytes ?? 0,
        nowMs,
        isExpiry,
      });
    }
    const { returns = [] } = write;
    return {
      before: returns.includes('before') ? before?.text : undefined,
      after: returns.includes('after') ? after?.text : undefined,
      beforeBytes: before?.sizeBytes ?? 0,
      afterBytes: after?.sizeBytes ?? 0,
      ...(indexBytes === undefined ? {} : { indexBytes }),
      ...(write.measuresCollection === true ? { collectionBytes: this.collectionBytes(write, table) } : {}),
      expires: expires ?? undefined,
    };
  }

  /** Returns when it expires. */
  private store({ write, table, before, after }: Plan, nowMs: number): number | null {
    if (write.kind === 'check' || (before === undefined && after === undefined)) return null;
    this.count(table.id, before, after);
    if (after === undefined) {
      this.rows.remove(table.id, write.key);
      return null;
    }
    const expires = expiryOf(table, () => after.item, nowMs);
    const row: ItemRow = { key: write.key, item: after.text, sizeBytes: after.sizeBytes, expires };
    this.rows.put(table.id, row);
    return expires;
  }

  private changeIndexes({ table, before, after }: Plan): Record<string, number[]> | undefined {
    if (table.indexes.length === 0 || before?.text === after?.text) return undefined;
    const written: Record<string, number[]> = {};
    for (const index of table.indexes) {
      const old = indexed(index, table, before);
      const now = indexed(index, table, after);
      const bytes = changeEntry(this.rows, index, old, now);
      if (bytes.length > 0) written[index.name] = bytes;
      this.count(index.id, old.entry, now.entry);
    }
    return written;
  }

  private count(owner: number, before: Sized | undefined, after: Sized | undefined): void {
    const count = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    const sizeBytes = (after?.sizeBytes ?? 0) - (before?.sizeBytes ?? 0);
    if (count !== 0 || sizeBytes !== 0) this.rows.changeTally(owner, { count, sizeBytes });
  }

  private collectionBytes({ key: [partition] }: Write, { id, indexes }: TableLayout): number {
    const local = indexes.filter(({ isLocal }) => isLocal);
    return local.reduce(
      (sum, index) => sum + this.rows.tallyOfIndexPartition(index.id, partition!).sizeBytes,
      this.rows.tallyOfPartition(id, partition!).sizeBytes,
    );
  }
}

/** The order of attributes is none of an item's. */
function isChange(before: ItemState | undefined, after: ItemState | undefined): boolean {
  if (before?.text === after?.text) return false;
  if (before === undefined || after === undefined || before.text.length !== after.text.length) return true;
  return !isDeepStrictEqual(itemOfText(before.text), itemOfText(after.text));
}

/** Throws `AwsError` for what the item must not become. */
function nextState(write: Write, table: TableLayout, before: ItemState | undefined): ItemState | undefined {
  switch (write.kind) {
    case 'check':
      return before;
    case 'delete':
      return undefined;
    case 'put':
      return new ItemState(write.item, write.sizeBytes);
    case 'update': {
      const begun = before?.item ?? itemOfText(write.keyItem);
      if (write.update === undefined) return before ?? new ItemState(write.keyItem, itemSize(begun), begun);
      const item = updated(write.update, begun);
      const sizeBytes = itemSize(item);
      checkUpdatedSize(sizeBytes);
      checkIndexKeys(table, item);
      return new ItemState(textOfItem(item), sizeBytes, item);
    }
  }
}

function indexed(
  index: IndexLayout,
  table: TableLayout,
  state: ItemState | undefined,
): { entry: IndexEntry | undefined; held: string } {
  const entry = state && entryOf(index, table, state.item);
  if (entry === undefined) return { entry, held: '' };
  const isAll = index.projection === 'ALL';
  return { entry, held: isAll ? state!.text : textOfItem(projected(index, table, state!.item)) };
}

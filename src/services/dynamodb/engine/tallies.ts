import type { ItemRows, Tally } from '../../../ports/item-store.ts';

/** How much there is, counted once and kept up to date from then on. */
export class Tallies {
  private readonly rows: ItemRows;
  private readonly tables = new Map<number, Tally>();
  private readonly indexes = new Map<number, Tally>();

  constructor(rows: ItemRows) {
    this.rows = rows;
  }

  ofTable(table: number): Tally {
    return kept(this.tables, table, () => this.rows.tallyOfTable(table));
  }

  ofIndex(index: number): Tally {
    return kept(this.indexes, index, () => this.rows.tallyOfIndex(index));
  }

  changeTable(table: number, count: number, sizeBytes: number): void {
    change(this.tables, table, count, sizeBytes);
  }

  changeIndex(index: number, count: number, sizeBytes: number): void {
    change(this.indexes, index, count, sizeBytes);
  }

  forget(): void {
    this.tables.clear();
    this.indexes.clear();
  }
}

function kept(tallies: Map<number, Tally>, id: number, counted: () => Tally): Tally {
  const known = tallies.get(id);
  if (known !== undefined) return known;
  const tally = counted();
  tallies.set(id, tally);
  return tally;
}

/** What nobody has asked for is counted when somebody does. */
function change(tallies: Map<number, Tally>, id: number, count: number, sizeBytes: number): void {
  const known = tallies.get(id);
  if (known === undefined) return;
  tallies.set(id, { count: known.count + count, sizeBytes: known.sizeBytes + sizeBytes });
}

import { Turns } from '../../core/turns.ts';
import type { ObjectTable } from '../../ports/object-table.ts';
import type { BucketRecord } from './bucket-record.ts';
import { noSuchBucket } from './s3-errors.ts';

/** All buckets of this server, whose names are one space, as AWS's are; a change is seen once it is stored. */
export class Buckets {
  private readonly table: ObjectTable;
  private readonly byName = new Map<string, BucketRecord>();
  private readonly turns = new Turns();

  private constructor(table: ObjectTable) {
    this.table = table;
  }

  static async open(table: ObjectTable): Promise<Buckets> {
    const buckets = new Buckets(table);
    for (const { name, record } of await table.buckets())
      buckets.byName.set(name, JSON.parse(record) as BucketRecord);
    return buckets;
  }

  find(name: string): BucketRecord | undefined {
    return this.byName.get(name);
  }

  /** Throws `NoSuchBucket`. */
  get(name: string | undefined): BucketRecord {
    const record = this.byName.get(name ?? '');
    if (record === undefined) throw noSuchBucket(name ?? '');
    return record;
  }

  /** In the order of their names. */
  of(accountId: string): BucketRecord[] {
    return this.all()
      .filter((bucket) => bucket.accountId === accountId)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  all(): BucketRecord[] {
    return [...this.byName.values()];
  }

  /** `change` sees the record as it is by then, undefined for none; what it throws is passed on. */
  change(name: string, change: (record: BucketRecord | undefined) => BucketRecord): Promise<BucketRecord> {
    return this.turns.run(name, async () => {
      const record = change(this.byName.get(name));
      await this.table.putBucket({ name, record: JSON.stringify(record) });
      this.byName.set(name, record);
      return record;
    });
  }

  /** False where it has objects. */
  remove(name: string): Promise<{ readonly isRemoved: boolean; readonly superseded: readonly number[] }> {
    return this.turns.run(name, async () => {
      const removed = await this.table.removeBucket(name);
      if (removed.isRemoved) this.byName.delete(name);
      return removed;
    });
  }
}

import { Turns } from '../core/turns.ts';
import type { StateStore } from '../ports/state-store.ts';

/** Records of one table of the state store, in memory for reading; a change is seen once it is stored. */
export class StoredRecords<T extends object> {
  private readonly state: StateStore;
  private readonly table: string;
  private readonly records = new Map<string, T>();
  private readonly turns = new Turns();

  private constructor(state: StateStore, table: string) {
    this.state = state;
    this.table = table;
  }

  static async open<T extends object>(state: StateStore, table: string): Promise<StoredRecords<T>> {
    const records = new StoredRecords<T>(state, table);
    for (const { key, value } of await state.list<T>(table)) records.records.set(key, value);
    return records;
  }

  get(key: string): T | undefined {
    return this.records.get(key);
  }

  /** Those whose keys begin so, in the order of their keys. */
  list(prefix = ''): T[] {
    return [...this.records]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, record]) => record);
  }

  /** `change` sees the record as it is by then, undefined for none, and gives what it is to be; what it throws is passed on. */
  change(key: string, change: (record: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.turns.run(key, async () => {
      const before = this.records.get(key);
      const record = change(before);
      if (record === before) return record;
      const { table } = this;
      await this.state.commit([
        record === undefined ? { table, key, delete: true } : { table, key, value: record },
      ]);
      if (record === undefined) this.records.delete(key);
      else this.records.set(key, record);
      return record;
    });
  }

  async put(key: string, record: T): Promise<void> {
    await this.change(key, () => record);
  }

  async remove(key: string): Promise<void> {
    await this.change(key, () => undefined);
  }
}

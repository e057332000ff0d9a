/** Records of one kind by account and name: all of them in memory, each a stored document. */
import type { StateStore } from '../../ports/state-store.ts';
import type { NamedRecord } from './iam-records.ts';

export class RecordTable<T extends Pick<NamedRecord, 'accountId' | 'name'>> {
  private readonly state: StateStore;
  private readonly table: string;
  private readonly records = new Map<string, T>();
  private readonly onChange: (before: T | undefined, after: T | undefined) => void;

  /** `onChange` is told of every record, those already stored included. */
  constructor(
    state: StateStore,
    table: string,
    onChange: (before: T | undefined, after: T | undefined) => void = () => {},
  ) {
    this.state = state;
    this.table = table;
    this.onChange = onChange;
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.state.list<T>(this.table)) {
      this.records.set(key, value);
      this.onChange(undefined, value);
    }
  }

  /** Names are not distinguished by case. */
  find(accountId: string, name: string): T | undefined {
    return this.records.get(keyOf(accountId, name));
  }

  /** Those of an account, by name. */
  list(accountId: string): T[] {
    return [...this.records.values()]
      .filter((record) => record.accountId === accountId)
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  async save(record: T): Promise<void> {
    const key = keyOf(record.accountId, record.name);
    await this.state.commit([{ table: this.table, key, value: record }]);
    const before = this.records.get(key);
    this.records.set(key, record);
    this.onChange(before, record);
  }

  /** Of one record under another name, in one step. */
  async rename(before: T, after: T): Promise<void> {
    const [old, key] = [before, after].map(({ accountId, name }) => keyOf(accountId, name));
    if (old === key) return this.save(after);
    await this.state.commit([
      { table: this.table, key: old!, delete: true },
      { table: this.table, key: key!, value: after },
    ]);
    this.records.delete(old!);
    this.records.set(key!, after);
    this.onChange(before, after);
  }

  async remove(record: T): Promise<void> {
    const key = keyOf(record.accountId, record.name);
    await this.state.commit([{ table: this.table, key, delete: true }]);
    this.records.delete(key);
    this.onChange(record, undefined);
  }
}

function keyOf(accountId: string, name: string): string {
  return `${accountId}/${name.toLowerCase()}`;
}

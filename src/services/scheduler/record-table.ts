/** Records of one table of the state store, in memory; a change is made of them before it is stored. */
import type { StateRecord, StateWrite } from '../../ports/state-store.ts';

export interface Change {
  readonly write: StateWrite;
  /** Makes the change in memory; what it returns takes it back, unless something has followed. */
  apply(): () => void;
  /** Tells who listens what there is now. */
  tell(): void;
}

export class RecordTable<T extends object> {
  private readonly name: string;
  private readonly records = new Map<string, T>();
  private readonly onChange: (key: string, before: T | undefined, now: T | undefined) => void;
  private listener: (key: string, record: T | undefined) => void = () => {};

  /** `onChange` hears of every change in memory. */
  constructor(
    name: string,
    onChange: (key: string, before: T | undefined, now: T | undefined) => void = () => {},
  ) {
    this.name = name;
    this.onChange = onChange;
  }

  load(stored: readonly StateRecord<T>[]): void {
    for (const { key, value } of stored) this.set(key, value);
  }

  /** Tells what there is, and from then on what has been stored. */
  listen(listener: (key: string, record: T | undefined) => void): void {
    this.listener = listener;
    for (const [key, record] of this.records) listener(key, record);
  }

  has(key: string): boolean {
    return this.records.has(key);
  }

  get(key: string): T | undefined {
    return this.records.get(key);
  }

  /** Those whose keys begin so, in the order of their keys. */
  list(prefix: string): T[] {
    return [...this.records]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, record]) => record);
  }

  /** Undefined removes the record. */
  to(key: string, record: T | undefined): Change {
    const table = this.name;
    return {
      write: record === undefined ? { table, key, delete: true } : { table, key, value: record },
      apply: () => {
        const before = this.records.get(key);
        this.set(key, record);
        return () => {
          if (this.records.get(key) === record) this.set(key, before);
        };
      },
      tell: () => this.listener(key, this.records.get(key)),
    };
  }

  private set(key: string, record: T | undefined): void {
    const before = this.records.get(key);
    if (record === undefined) this.records.delete(key);
    else this.records.set(key, record);
    this.onChange(key, before, record);
  }
}

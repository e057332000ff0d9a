import type { StateStore } from '../../ports/state-store.ts';

/** Documents of one kind by their keys: all of them in memory, changed there once they are stored. */
export class RecordTable<T> {
  readonly #state: StateStore;
  readonly #table: string;
  readonly #records = new Map<string, T>();

  private constructor(state: StateStore, table: string) {
    this.#state = state;
    this.#table = table;
  }

  static async open<T>(state: StateStore, table: string): Promise<RecordTable<T>> {
    const records = new RecordTable<T>(state, table);
    for (const { key, value } of await state.list<T>(table)) records.#records.set(key, value);
    return records;
  }

  find(key: string): T | undefined {
    return this.#records.get(key);
  }

  /** Those whose keys begin so, by key. */
  list(prefix: string): T[] {
    return [...this.#records]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, record]) => record);
  }

  async save(key: string, record: T): Promise<void> {
    await this.#state.commit([{ table: this.#table, key, value: record }]);
    this.#records.set(key, record);
  }

  async remove(key: string): Promise<void> {
    await this.#state.commit([{ table: this.#table, key, delete: true }]);
    this.#records.delete(key);
  }
}

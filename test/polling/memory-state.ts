import type { StateRange, StateRecord, StateStore, StateWrite } from '../../src/ports/state-store.ts';

/** A state store in memory; `copy` has what a server finds that starts after this one was killed. */
export class MemoryState implements StateStore {
  private readonly values = new Map<string, unknown>();

  copy(): MemoryState {
    const copy = new MemoryState();
    for (const [key, value] of this.values) copy.values.set(key, structuredClone(value));
    return copy;
  }

  async get<T>(table: string, key: string): Promise<StateRecord<T> | undefined> {
    const value = this.values.get(`${table}\n${key}`);
    return value === undefined ? undefined : { key, value: value as T, revision: 1 };
  }

  async list<T>(table: string, { prefix = '' }: StateRange = {}): Promise<StateRecord<T>[]> {
    return [...this.values]
      .filter(([name]) => name.startsWith(`${table}\n${prefix}`))
      .map(([name, value]) => ({ key: name.slice(table.length + 1), value: value as T, revision: 1 }));
  }

  async commit(writes: readonly StateWrite[]): Promise<number[]> {
    // As with a disk, nothing is there before it is waited for.
    await new Promise(setImmediate);
    for (const write of writes) {
      const name = `${write.table}\n${write.key}`;
      if ('delete' in write) this.values.delete(name);
      else this.values.set(name, structuredClone(write.value));
    }
    return writes.map(() => 1);
  }
}

/** All pipes of this server: in memory for reading, every change on disk before it is seen. */
import type { StateStore } from '../../ports/state-store.ts';
import type { PipeKey, PipeRecord } from './pipe-record.ts';
import { pipeKeyText } from './pipe-record.ts';

const TABLE = 'pipes.pipes';

export class PipeTable {
  private readonly state: StateStore;
  private readonly pipes = new Map<string, PipeRecord>();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<PipeTable> {
    const table = new PipeTable(state);
    for (const { key, value } of await state.list<PipeRecord>(TABLE)) table.pipes.set(key, value);
    return table;
  }

  all(): PipeRecord[] {
    return [...this.pipes.values()];
  }

  /** Those of an account and region, by name. */
  list(accountId: string, region: string): PipeRecord[] {
    return this.all()
      .filter((pipe) => pipe.accountId === accountId && pipe.region === region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(key: PipeKey): PipeRecord | undefined {
    return this.pipes.get(pipeKeyText(key));
  }

  async put(pipe: PipeRecord): Promise<void> {
    const key = pipeKeyText(pipe);
    await this.state.commit([{ table: TABLE, key, value: pipe }]);
    this.pipes.set(key, pipe);
  }

  async delete(pipe: PipeKey): Promise<void> {
    const key = pipeKeyText(pipe);
    await this.state.commit([{ table: TABLE, key, delete: true }]);
    this.pipes.delete(key);
  }
}

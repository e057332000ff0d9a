/** All pipes of this server: in memory for reading, every change on disk before it is seen. */
import { Turns } from '../../core/turns.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { PipeKey, PipeRecord } from './pipe-record.ts';
import { pipeKeyText } from './pipe-record.ts';

const TABLE = 'pipes.pipes';

export class PipeTable {
  private readonly state: StateStore;
  private readonly pipes = new Map<string, PipeRecord>();
  private readonly turns = new Turns();

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

  put(pipe: PipeRecord): Promise<void> {
    return this.change(pipe, () => pipe);
  }

  delete(pipe: PipeKey): Promise<void> {
    return this.change(pipe, () => undefined);
  }

  /** Decides while no other change of the pipe happens; undefined removes it. A throw of `decide` is passed on. */
  change(key: PipeKey, decide: (pipe: PipeRecord | undefined) => PipeRecord | undefined): Promise<void> {
    const text = pipeKeyText(key);
    return this.turns.run(text, async () => {
      const value = decide(this.pipes.get(text));
      const write = value === undefined ? { delete: true as const } : { value };
      await this.state.commit([{ table: TABLE, key: text, ...write }]);
      if (value === undefined) this.pipes.delete(text);
      else this.pipes.set(text, value);
    });
  }
}

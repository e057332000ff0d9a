import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { PipeKey, PipeRecord } from './pipe-record.ts';
import { pipeKeyText } from './pipe-record.ts';

const TABLE = 'pipes.pipes';

/** All pipes of this server. */
export class PipeTable {
  private readonly records: StoredRecords<PipeRecord>;

  private constructor(records: StoredRecords<PipeRecord>) {
    this.records = records;
  }

  static async open(state: StateStore): Promise<PipeTable> {
    return new PipeTable(await StoredRecords.open(state, TABLE));
  }

  all(): PipeRecord[] {
    return this.records.list();
  }

  /** Those of an account and region, by name. */
  list(accountId: string, region: string): PipeRecord[] {
    return this.records.list(`${accountId}/${region}/`);
  }

  find(key: PipeKey): PipeRecord | undefined {
    return this.records.get(pipeKeyText(key));
  }

  delete(pipe: PipeKey): Promise<void> {
    return this.records.remove(pipeKeyText(pipe));
  }

  /** `decide` sees the pipe as it is by then, undefined for none. What it throws is passed on. */
  async change(
    key: PipeKey,
    decide: (pipe: PipeRecord | undefined) => PipeRecord | undefined,
  ): Promise<void> {
    await this.records.change(pipeKeyText(key), decide);
  }
}

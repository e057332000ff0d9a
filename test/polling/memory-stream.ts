/** A stream in memory: shards that split and merge, records that get too old. */
import { once } from 'node:events';
import type {
  ShardPull,
  ShardRead,
  StreamRecord,
  StreamShard,
  StreamSource,
  StreamStart,
} from '../../src/ports/stream-source.ts';

interface MemoryShard extends StreamShard {
  readonly records: StreamRecord[];
  /** Records up to this index are too old. */
  trimmed: number;
  isClosed: boolean;
}

export class MemoryStream implements StreamSource {
  private readonly held = new Map<string, MemoryShard>();
  private readonly changes = new EventTarget();
  private sequence = 0;
  private shardCount = 0;
  /** Thrown by the next reads. */
  failures: Error[] = [];
  /** Turns of the event loop that a read takes. */
  readTurns = 0;

  constructor(shards = 1) {
    for (let index = 0; index < shards; index += 1) this.addShard([]);
  }

  get openShards(): string[] {
    return [...this.held.values()].filter(({ isClosed }) => !isClosed).map(({ shardId }) => shardId);
  }

  put(shardId: string, orderKey: string, data: unknown, arrivedAtMs = 0): StreamRecord {
    const shard = this.held.get(shardId)!;
    this.sequence += 1;
    const record: StreamRecord = {
      sequenceNumber: String(this.sequence).padStart(8, '0'),
      orderKey,
      arrivedAtMs,
      record: { data },
      cursor: String(shard.records.length + 1),
    };
    shard.records.push(record);
    this.changed();
    return record;
  }

  split(shardId: string): [string, string] {
    this.close([shardId]);
    return [this.addShard([shardId]), this.addShard([shardId])];
  }

  merge(first: string, second: string): string {
    this.close([first, second]);
    return this.addShard([first, second]);
  }

  /** What is in the shard now is too old. */
  trim(shardId: string, count = this.held.get(shardId)!.records.length): void {
    this.held.get(shardId)!.trimmed = count;
  }

  /** The shard is no more. */
  forget(shardId: string): void {
    this.held.delete(shardId);
    this.changed();
  }

  /** It is no more. */
  remove(): void {
    this.held.clear();
    this.changed();
  }

  async exists(): Promise<boolean> {
    return this.held.size > 0;
  }

  async shards(): Promise<readonly StreamShard[]> {
    return [...this.held.values()].map(({ shardId, parentShardIds }) => ({ shardId, parentShardIds }));
  }

  async shardsChanged(_arn: string, known: readonly StreamShard[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted && known.length === this.held.size) await this.change(signal);
  }

  async open(_arn: string, shardId: string, start: StreamStart): Promise<string> {
    const { records } = this.held.get(shardId)!;
    if (start.at === 'TRIM_HORIZON') return '0';
    if (start.at !== 'AT_TIMESTAMP') return String(records.length);
    const index = records.findIndex(({ arrivedAtMs }) => arrivedAtMs >= start.timestampMs);
    return String(index < 0 ? records.length : index);
  }

  async read(
    _arn: string,
    shardId: string,
    cursor: string,
    { max, signal, waiting = (news) => news }: ShardPull,
  ): Promise<ShardRead> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const shard = this.held.get(shardId);
    if (shard === undefined) throw new Error('there is no such stream');
    for (;;) {
      for (let turn = 0; turn < this.readTurns; turn += 1) await new Promise(setImmediate);
      const from = Math.max(Number(cursor), shard.trimmed);
      const records = shard.records.slice(from, from + max);
      const next = from + records.length;
      const isEnd = shard.isClosed && next === shard.records.length;
      if (records.length > 0 || isEnd || signal.aborted) return { records, cursor: String(next), isEnd };
      await waiting(this.change(signal));
    }
  }

  private addShard(parentShardIds: readonly string[]): string {
    const shardId = `shard-${this.shardCount}`;
    this.shardCount += 1;
    this.held.set(shardId, { shardId, parentShardIds, records: [], trimmed: 0, isClosed: false });
    this.changed();
    return shardId;
  }

  private close(shardIds: readonly string[]): void {
    for (const shardId of shardIds) this.held.get(shardId)!.isClosed = true;
  }

  private changed(): void {
    this.changes.dispatchEvent(new Event('change'));
  }

  private async change(signal: AbortSignal): Promise<void> {
    await once(this.changes, 'change', { signal }).catch(() => {});
  }
}

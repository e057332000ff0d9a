/** Reading of streams: shards, and records after a place in a shard. */
import type { Clock } from '../../../core/clock.ts';
import type { ShardRow } from '../../../ports/item-store.ts';
import type { StreamRecordsReply } from '../engine/requests.ts';
import { STREAM_RETENTION_MS } from '../engine/stream-writer.ts';
import type { StreamLayout } from '../engine/table-layout.ts';
import type { EngineClient } from '../item-engine.ts';
import type { StreamRecord } from '../table-record.ts';
import type { StreamSignals } from './stream-signals.ts';

export class StreamReader {
  private readonly engine: EngineClient;
  private readonly signals: StreamSignals;
  private readonly clock: Clock;

  constructor(engine: EngineClient, signals: StreamSignals, clock: Clock) {
    this.engine = engine;
    this.signals = signals;
    this.clock = clock;
  }

  /** Shards that still hold records or may get some, and the highest number given so far. */
  async shards(
    stream: StreamRecord,
  ): Promise<{ readonly shards: readonly ShardRow[]; readonly lastSequence: number }> {
    // No new shards are made for one that is turned off: it has no slots.
    const layout: StreamLayout = { ...stream, slots: stream.disabledMs === undefined ? stream.slots : 0 };
    const nowMs = this.clock.now();
    const found = await this.engine.ask({ ask: 'shards', stream: layout, nowMs });
    for (const resharded of found.resharded ?? []) this.signals.wakeAll(resharded);
    return found;
  }

  /** Undefined where there is no such shard. What is older than a day is passed over. */
  records(
    { id: stream }: StreamRecord,
    shardId: string,
    after: number,
    limit: number,
  ): Promise<StreamRecordsReply | undefined> {
    const sinceMs = this.clock.now() - STREAM_RETENTION_MS;
    return this.engine.ask({ ask: 'records', stream, shardId, after, sinceMs, limit });
  }
}

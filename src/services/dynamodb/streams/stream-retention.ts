import type { Timer, WorkClock } from '../../../core/clock.ts';
import { STREAM_RETENTION_MS } from '../engine/stream-writer.ts';
import type { EngineClient } from '../item-engine.ts';
import type { Tables } from '../tables.ts';

const SWEEP_MS = 3_600_000;

/** Removes what is too old to be read: records, and streams that were turned off a day ago. */
export class StreamRetention {
  private readonly tables: Tables;
  private readonly engine: EngineClient;
  private readonly clock: WorkClock;
  private timer: Timer | undefined;

  constructor(tables: Tables, engine: EngineClient, clock: WorkClock) {
    this.tables = tables;
    this.engine = engine;
    this.clock = clock;
  }

  begin(): void {
    this.timer = this.clock.at(this.clock.now() + SWEEP_MS, async () => {
      await this.sweep();
      if (this.timer !== undefined) this.begin();
    });
  }

  close(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private async sweep(): Promise<void> {
    const nowMs = this.clock.now();
    const streams = [...this.tables.streams()];
    if (streams.length === 0) return;
    await this.engine.ask({ ask: 'sweep', nowMs, streams: streams.map(({ id }) => id) });
    for (const stream of streams) {
      if (stream.disabledMs === undefined || stream.disabledMs + STREAM_RETENTION_MS > nowMs) continue;
      while (await this.engine.ask({ ask: 'dropStream', stream: stream.id }));
      await this.tables.removeStream(stream);
    }
  }
}

/** The records of all shards: appends, reads, and who waits for more of them. */
import type { Clock } from '../../core/clock.ts';
import type { RecordChunk, ShardStore } from '../../ports/shard-store.ts';
import type { KeptRecord, NewRecord } from './record-chunk.ts';
import { contentOf, decodeRecords, isSealed, storedBytes } from './record-chunk.ts';

/** What one append puts into one shard. */
export interface Portion {
  /** Names the shard in the store. */
  readonly shard: string;
  readonly records: readonly NewRecord[];
  /** Encrypts what is stored. */
  readonly seal?: ((bytes: Buffer) => Buffer) | undefined;
}

export interface PlacedPortion {
  /** Position of its first record; the others follow. */
  readonly first: number;
  readonly arrivedMs: number;
}

export interface LogRange {
  readonly shard: string;
  readonly after: number;
  /** Records that arrived before are too old. */
  readonly sinceMs: number;
  readonly maxRecords: number;
  /** Of data and keys; one record comes in any case. */
  readonly maxBytes: number;
  /** Decrypts what was sealed. */
  readonly open: (sealed: Buffer) => Promise<Buffer>;
}

interface ShardState {
  /** The highest position given out. */
  last: number;
  lastArrivedMs: number;
  /** The highest position that is durable, and so can be read. */
  durable: number;
  appending: number;
  readonly waiting: Set<() => void>;
}

export class ShardLog {
  private readonly store: ShardStore;
  private readonly clock: Clock;
  private readonly shards = new Map<string, ShardState>();

  private constructor(store: ShardStore, clock: Clock) {
    this.store = store;
    this.clock = clock;
  }

  static async open(store: ShardStore, clock: Clock): Promise<ShardLog> {
    const log = new ShardLog(store, clock);
    for (const { shard, position, arrivedMs } of await store.ends()) {
      log.shards.set(shard, newState(position, arrivedMs));
    }
    return log;
  }

  /** Those that ever held a record. */
  names(): string[] {
    return [...this.shards.keys()];
  }

  /** Durable when it resolves. Positions follow the order of the calls. */
  async append(portions: readonly Portion[]): Promise<PlacedPortion[]> {
    const states = portions.map(({ shard }) => this.stateOf(shard));
    const chunks = portions.map((portion, index) => this.place(portion, states[index]!));
    for (const state of states) state.appending += 1;
    try {
      await this.store.append(chunks);
      for (const [index, { last }] of chunks.entries()) {
        const state = states[index]!;
        state.durable = Math.max(state.durable, last);
      }
      return chunks;
    } finally {
      for (const state of states) {
        state.appending -= 1;
        wake(state);
      }
    }
  }

  /** The last position that can be read. */
  end(shard: string): number {
    return this.shards.get(shard)?.durable ?? 0;
  }

  /** Whether everything is read that a shard which takes no more will ever give. */
  isEnd(shard: string, position: number): boolean {
    const state = this.shards.get(shard);
    return state === undefined || (state.appending === 0 && position >= state.durable);
  }

  async read({ shard, after, sinceMs, maxRecords, maxBytes, open }: LogRange): Promise<KeptRecord[]> {
    if (after >= this.end(shard)) return [];
    const chunks = await this.store.read({ shard, after, sinceMs, maxBytes, maxRecords });
    const records: KeptRecord[] = [];
    let bytes = 0;
    for (const chunk of chunks) {
      const isEncrypted = isSealed(chunk.bytes);
      const content = contentOf(chunk.bytes);
      const { first, arrivedMs } = chunk;
      const kept = decodeRecords(isEncrypted ? await open(content) : content, {
        first,
        arrivedMs,
        isEncrypted,
      });
      for (const record of kept) {
        if (record.position <= after) continue;
        bytes += recordBytes(record);
        if (records.length === maxRecords || (records.length > 0 && bytes > maxBytes)) return records;
        records.push(record);
      }
    }
    return records;
  }

  positionBefore(shard: string, arrivedMs: number): Promise<number> {
    return this.store.positionBefore(shard, arrivedMs);
  }

  trim(shard: string, beforeMs: number): Promise<number | undefined> {
    return this.store.trim(shard, beforeMs);
  }

  async remove(shards: readonly string[]): Promise<void> {
    for (const shard of shards) {
      const state = this.shards.get(shard);
      this.shards.delete(shard);
      if (state !== undefined) wake(state);
    }
    await this.store.remove(shards);
  }

  /** Resolves when there may be something after `position`, or the shard was told of, or the signal ends it. */
  async changed(shard: string, position: number, signal: AbortSignal): Promise<void> {
    const state = this.stateOf(shard);
    if (signal.aborted || state.durable > position) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        state.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      state.waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  /** Something about the shard has changed but its records: those who wait look again. */
  tell(shard: string): void {
    const state = this.shards.get(shard);
    if (state !== undefined) wake(state);
  }

  private place({ shard, records, seal }: Portion, state: ShardState): RecordChunk {
    const first = state.last + 1;
    state.last += records.length;
    state.lastArrivedMs = Math.max(state.lastArrivedMs, this.clock.now());
    const bytes = storedBytes(records, seal);
    return { shard, first, last: state.last, arrivedMs: state.lastArrivedMs, bytes };
  }

  private stateOf(shard: string): ShardState {
    let state = this.shards.get(shard);
    if (state === undefined) {
      state = newState(0, 0);
      this.shards.set(shard, state);
    }
    return state;
  }
}

export function recordBytes({ data, partitionKey }: NewRecord): number {
  return data.byteLength + Buffer.byteLength(partitionKey);
}

function newState(position: number, arrivedMs: number): ShardState {
  return { last: position, lastArrivedMs: arrivedMs, durable: position, appending: 0, waiting: new Set() };
}

function wake(state: ShardState): void {
  for (const done of [...state.waiting]) done();
}

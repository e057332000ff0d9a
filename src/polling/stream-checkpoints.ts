/** How far the reader of a stream has come in each shard, in the state store. */
import type { StateStore, StateWrite } from '../ports/state-store.ts';
import type { OpenWindow } from './tumbling-window.ts';

/** A place in a shard. */
export interface Position {
  /** Goes on after it. */
  readonly cursor: string;
  /** Of the last record before it; absent where none has been read. */
  readonly sequenceNumber?: string;
}

export interface ShardCheckpoint extends Position {
  /** Key groups that are not done with everything before the position, by index. */
  readonly behind?: Readonly<Record<string, Position>>;
  /** Into how many groups keys were divided. */
  readonly groups: number;
  readonly window?: OpenWindow;
  /** The shard was read to its end, and everything in it is done with. */
  readonly isEnd?: true;
}

/** Where a reader keeps how far it has come. */
export interface Checkpoints {
  /** Whether the places where reading begins are known. */
  readonly hasBegun: boolean;
  find(shardId: string): ShardCheckpoint | undefined;
  /** The places where reading begins; durable when it resolves. */
  begin(first: ReadonlyMap<string, ShardCheckpoint>): Promise<void>;
  /** Will be stored soon. */
  set(shardId: string, checkpoint: ShardCheckpoint): void;
  /** Forgets shards that the stream has no more. */
  retain(shardIds: ReadonlySet<string>): void;
  /** Resolves when everything set so far is stored. */
  flush(): Promise<void>;
}

const TABLE = 'polling.checkpoints';

/** Written together with the first checkpoints: shards that appear from then on are read from their beginning. */
const BEGUN = '';

/** Checkpoints of one reader; a write that waits for the disk takes along what comes meanwhile. */
export class StreamCheckpoints implements Checkpoints {
  private readonly state: StateStore;
  private readonly prefix: string;
  private readonly known = new Map<string, ShardCheckpoint>();
  private readonly dirty = new Set<string>();
  private writing: Promise<void> | undefined;
  /** Waits for the write under way, and then writes whatever has come. */
  private next: Promise<void> | undefined;

  private constructor(state: StateStore, owner: string) {
    this.state = state;
    this.prefix = `${owner}/`;
  }

  /** `owner` is unique among the readers of this server. */
  static async open(state: StateStore, owner: string): Promise<StreamCheckpoints> {
    const checkpoints = new StreamCheckpoints(state, owner);
    const { prefix } = checkpoints;
    for (const { key, value } of await state.list<ShardCheckpoint>(TABLE, { prefix })) {
      checkpoints.known.set(key.slice(prefix.length), value);
    }
    return checkpoints;
  }

  /** Removes all of a reader that is no more. */
  static async remove(state: StateStore, owner: string): Promise<void> {
    const records = await state.list(TABLE, { prefix: `${owner}/` });
    await state.commit(records.map(({ key }) => ({ table: TABLE, key, delete: true })));
  }

  get hasBegun(): boolean {
    return this.known.has(BEGUN);
  }

  find(shardId: string): ShardCheckpoint | undefined {
    return this.known.get(shardId);
  }

  async begin(first: ReadonlyMap<string, ShardCheckpoint>): Promise<void> {
    this.known.set(BEGUN, { cursor: '', groups: 1 });
    for (const [shardId, checkpoint] of first) this.known.set(shardId, checkpoint);
    for (const shardId of this.known.keys()) this.dirty.add(shardId);
    try {
      await this.flush();
    } catch (error) {
      // A server that starts after a crash would find no places, so that reading has not begun.
      this.known.clear();
      this.dirty.clear();
      throw error;
    }
  }

  set(shardId: string, checkpoint: ShardCheckpoint): void {
    this.known.set(shardId, checkpoint);
    this.dirty.add(shardId);
    // What fails to be stored is stored with the next change; until then more would be repeated after a crash.
    this.flush().catch(() => {});
  }

  retain(shardIds: ReadonlySet<string>): void {
    for (const shardId of this.known.keys()) {
      if (shardId === BEGUN || shardIds.has(shardId)) continue;
      this.known.delete(shardId);
      this.dirty.add(shardId);
    }
  }

  flush(): Promise<void> {
    // One for all who ask meanwhile: were each to wait by itself, they would be more with every write.
    this.next ??= this.writeNext();
    return this.next;
  }

  private async writeNext(): Promise<void> {
    // Those who asked for it hear of its failure; what it was to store is stored now.
    await this.writing?.catch(() => {});
    this.next = undefined;
    if (this.dirty.size === 0) return;
    this.writing = this.write();
    await this.writing;
  }

  private async write(): Promise<void> {
    const shardIds = [...this.dirty];
    this.dirty.clear();
    try {
      await this.state.commit(shardIds.map((shardId) => this.writeOf(shardId)));
    } catch (error) {
      for (const shardId of shardIds) this.dirty.add(shardId);
      throw error;
    }
  }

  private writeOf(shardId: string): StateWrite {
    const key = `${this.prefix}${shardId}`;
    const value = this.known.get(shardId);
    return value === undefined ? { table: TABLE, key, delete: true } : { table: TABLE, key, value };
  }
}

/** How far a topic of Kafka has been read, as the cluster keeps it for a consumer group. */
import type { KafkaCluster } from '../ports/kafka.ts';
import type { Checkpoints, ShardCheckpoint } from './stream-checkpoints.ts';

export interface ConsumedTopic {
  readonly groupId: string;
  readonly topic: string;
}

export class GroupOffsets implements Checkpoints {
  readonly #cluster: () => Promise<KafkaCluster>;
  readonly #consumed: ConsumedTopic;
  readonly #known = new Map<string, ShardCheckpoint>();
  readonly #dirty = new Set<string>();
  #writing: Promise<void> | undefined;

  private constructor(cluster: () => Promise<KafkaCluster>, consumed: ConsumedTopic) {
    this.#cluster = cluster;
    this.#consumed = consumed;
  }

  static async open(cluster: () => Promise<KafkaCluster>, consumed: ConsumedTopic): Promise<GroupOffsets> {
    const offsets = new GroupOffsets(cluster, consumed);
    const { groupId, topic } = consumed;
    const connected = await cluster();
    const partitionCount = await connected.partitionCount(topic);
    for (const [partition, offset] of await connected.committed(groupId, topic, partitionCount)) {
      offsets.#known.set(partitionName(topic, partition), { cursor: String(offset), groups: 1 });
    }
    return offsets;
  }

  /** A group that has read any of it goes on where it is, whatever the starting position. */
  get hasBegun(): boolean {
    return this.#known.size > 0;
  }

  find(shardId: string): ShardCheckpoint | undefined {
    return this.#known.get(shardId);
  }

  async begin(first: ReadonlyMap<string, ShardCheckpoint>): Promise<void> {
    await this.#commit(first);
    for (const [shardId, checkpoint] of first) this.#known.set(shardId, checkpoint);
  }

  set(shardId: string, checkpoint: ShardCheckpoint): void {
    const before = this.#known.get(shardId);
    this.#known.set(shardId, checkpoint);
    if (before !== undefined && doneBefore(before) === doneBefore(checkpoint)) return;
    this.#dirty.add(shardId);
    // What fails to be committed is committed with the next change; until then more would be repeated after a crash.
    this.flush().catch(() => {});
  }

  /** A topic never has fewer partitions than before. */
  retain(): void {}

  flush(): Promise<void> {
    // A commit that waits for the broker takes along what comes meanwhile.
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#dirty.size > 0) {
      const shardIds = [...this.#dirty];
      this.#dirty.clear();
      try {
        await this.#commit(new Map(shardIds.map((shardId) => [shardId, this.#known.get(shardId)!])));
      } catch (error) {
        for (const shardId of shardIds) this.#dirty.add(shardId);
        throw error;
      }
    }
  }

  async #commit(checkpoints: ReadonlyMap<string, ShardCheckpoint>): Promise<void> {
    const { groupId, topic } = this.#consumed;
    const offsets = [...checkpoints].map(
      ([shardId, checkpoint]) => [partitionOf(shardId), BigInt(doneBefore(checkpoint))] as const,
    );
    await (await this.#cluster()).commit(groupId, topic, new Map(offsets));
  }
}

/** As records of an event are keyed. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

export function partitionOf(shardId: string): number {
  return Number(shardId.slice(shardId.lastIndexOf('-') + 1));
}

/** Everything before this offset is done with; a partition is never divided into groups of keys. */
function doneBefore({ cursor, behind }: ShardCheckpoint): string {
  return behind?.['0']?.cursor ?? cursor;
}

/** Kinesis Data Streams: streams and consumers in the state store, records in the shard store. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Service } from '../../ports/service.ts';
import type { ShardStore } from '../../ports/shard-store.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import { Consumers } from './consumers.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { putOperations } from './put-operations.ts';
import { Retention } from './retention.ts';
import { ShardLog } from './shard-log.ts';
import { streamOperations } from './stream-operations.ts';
import { streamSource } from './stream-source.ts';
import { Streams } from './streams.ts';

export interface KinesisDependencies {
  readonly state: StateStore;
  readonly shards: ShardStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
}

export interface Kinesis {
  readonly service: Service & { readonly operations: KinesisOperations };
  /** Streams, and consumers in their place, for those who read records without the wire. */
  readonly streamSource: StreamSource;
  /** Stops timers; the stores stay open. */
  close(): void;
}

export async function openKinesis({ state, shards, clock, ids }: KinesisDependencies): Promise<Kinesis> {
  const log = await ShardLog.open(shards, clock);
  const streams = await Streams.open(state, log, clock, ids);
  const consumers = await Consumers.open(state, clock, streams);
  const retention = await Retention.open(streams, log, clock);
  const context: KinesisContext = { streams, log, consumers, retention, clock };
  const operations: KinesisOperations = {
    ...streamOperations(context),
    ...putOperations(context),
  };
  return {
    service: { name: 'kinesis', operations: operations as Service['operations'] & KinesisOperations },
    streamSource: streamSource(context),
    close() {
      retention.close();
      consumers.close();
      streams.close();
    },
  };
}

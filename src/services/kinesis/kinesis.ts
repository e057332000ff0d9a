/** Kinesis Data Streams: streams and consumers in the state store, records in the shard store. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { MetricSink } from '../../ports/metrics.ts';
import type { Service } from '../../ports/service.ts';
import type { ShardStore } from '../../ports/shard-store.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import { attachmentOperations } from './attachment-operations.ts';
import { consumerOperations } from './consumer-operations.ts';
import { Consumers } from './consumers.ts';
import { receiveDelivery } from './delivery.ts';
import { encryptionOperations } from './encryption-operations.ts';
import { getOperations } from './get-operations.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { putOperations } from './put-operations.ts';
import { resourcePolicy } from './resources.ts';
import { Retention } from './retention.ts';
import { settingOperations } from './setting-operations.ts';
import { ShardLog } from './shard-log.ts';
import { ShardMetrics } from './shard-metrics.ts';
import { shardOperations } from './shard-operations.ts';
import { StreamCipher } from './stream-cipher.ts';
import { streamOperations } from './stream-operations.ts';
import { streamSource } from './stream-source.ts';
import { Streams } from './streams.ts';
import { Subscriptions, subscribeOperation } from './subscription.ts';

export interface KinesisDependencies {
  readonly state: StateStore;
  readonly shards: ShardStore;
  readonly metrics: MetricSink;
  /** Keys of encrypted streams are those of KMS. */
  readonly call: Call;
  readonly clock: WorkClock;
  readonly ids: Ids;
}

export interface Kinesis {
  readonly service: Service & { readonly operations: KinesisOperations };
  /** Streams, and consumers in their place, for those who read records without the wire. */
  readonly streamSource: StreamSource;
  /** Ends subscriptions at once: they would hold up a server that waits for its answers in flight. */
  endSubscriptions(): void;
  /** Stops timers; the stores stay open. */
  close(): void;
}

export async function openKinesis(dependencies: KinesisDependencies): Promise<Kinesis> {
  const { state, shards, metrics, call, clock, ids } = dependencies;
  const log = await ShardLog.open(shards, clock);
  const streams = await Streams.open(state, log, clock, ids);
  const consumers = await Consumers.open(state, clock, streams);
  const retention = await Retention.open(streams, log, clock);
  const context: KinesisContext = {
    streams,
    log,
    consumers,
    retention,
    metrics: new ShardMetrics(metrics),
    cipher: new StreamCipher(call, clock, ids),
    ids,
    clock,
  };
  const subscriptions = new Subscriptions();
  const operations: KinesisOperations = {
    ...streamOperations(context),
    ...shardOperations(context),
    ...putOperations(context),
    ...getOperations(context),
    ...settingOperations(context),
    ...encryptionOperations(context),
    ...consumerOperations(context),
    ...subscribeOperation(context, subscriptions),
    ...attachmentOperations(context),
  };
  return {
    service: {
      name: 'kinesis',
      operations: operations as Service['operations'] & KinesisOperations,
      receive: receiveDelivery(context),
      resourcePolicy: async (arn) => resourcePolicy(context, arn),
    },
    streamSource: streamSource(context),
    endSubscriptions: () => subscriptions.endAll(),
    close() {
      retention.close();
      consumers.close();
      streams.close();
    },
  };
}

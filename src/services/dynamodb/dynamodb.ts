/** DynamoDB and its streams: tables in the state store, items and records in the item store. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { ItemStore } from '../../ports/item-store.ts';
import type { Log } from '../../ports/log.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import { batchOperations } from './batch-operations.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { addressOfArn } from './dynamodb-context.ts';
import type { EngineReply, EngineRequest } from './engine/requests.ts';
import { EngineClient } from './item-engine.ts';
import { itemOperations } from './item-operations.ts';
import { partiqlOperations } from './partiql/partiql-operations.ts';
import { policyOperations } from './policy-operations.ts';
import { readOperations } from './read-operations.ts';
import { settingsOperations } from './settings-operations.ts';
import { streamOperations } from './streams/stream-operations.ts';
import { StreamReader } from './streams/stream-reader.ts';
import { StreamRetention } from './streams/stream-retention.ts';
import { StreamSignals } from './streams/stream-signals.ts';
import { dynamoStreamSource } from './streams/stream-source.ts';
import { tableOperations } from './table-operations.ts';
import { TableWork } from './table-work.ts';
import { Tables } from './tables.ts';
import { tagOperations } from './tag-operations.ts';
import { ThroughputBuckets } from './throughput-buckets.ts';
import { TimeToLive } from './time-to-live.ts';
import { transactionOperations } from './transaction-operations.ts';

export interface DynamoDependencies {
  readonly state: StateStore;
  readonly items: ItemStore<EngineRequest, EngineReply>;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

export interface Dynamo {
  readonly services: readonly Service[];
  /** Streams of tables, for those who read them without the wire. */
  readonly streamSource: StreamSource;
  /** Goes on with what was under way when the server ended. */
  begin(): void;
  /** Stops timers and work; the stores stay open. */
  close(): Promise<void>;
}

export async function openDynamo({ state, items, clock, ids, log }: DynamoDependencies): Promise<Dynamo> {
  const engine = new EngineClient(items);
  const tables = await Tables.open(state, engine, clock);
  const signals = new StreamSignals();
  const ttl = new TimeToLive({ tables, engine, signals, clock });
  const work = new TableWork({ tables, engine, ttl, clock, log });
  const retention = new StreamRetention({ tables, engine, signals, clock });
  const reader = new StreamReader(engine, signals, clock);
  const buckets = new ThroughputBuckets(clock);
  const context: DynamoContext = { tables, engine, buckets, ttl, work, signals, clock, ids };
  const operations: DynamoOperations = {
    ...tableOperations(context),
    ...itemOperations(context),
    ...readOperations(context),
    ...batchOperations(context),
    ...transactionOperations(context),
    ...partiqlOperations(context),
    ...settingsOperations(context),
    ...policyOperations(context),
    ...tagOperations(context),
  };
  const dynamodb: Service = {
    name: 'dynamodb',
    operations: operations as Service['operations'],
    resourcePolicy: async (arn) => {
      const address = addressOfArn(arn);
      return address && tables.find(address)?.policy;
    },
  };
  const dynamodbstreams: Service = {
    name: 'dynamodbstreams',
    operations: streamOperations({ tables, reader, clock }) as Service['operations'],
  };
  return {
    services: [dynamodb, dynamodbstreams],
    streamSource: dynamoStreamSource({ tables, reader, signals }),
    begin() {
      work.begin();
      ttl.begin();
      retention.begin();
    },
    async close() {
      await Promise.all([retention.close(), ttl.close(), work.close()]);
    },
  };
}

/** What batches of Kafka look like, to functions and to failure destinations. */
import { reportedItems } from '../../polling/batch-result.ts';
import type { DiscardedBatch, StreamBatch } from '../../polling/stream-batch.ts';
import type { StreamRecord } from '../../ports/stream-source.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { FunctionRun } from './discarded-record.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { KAFKA_DESTINATION } from './kafka-settings.ts';

export class KafkaBatches {
  readonly #mapping: MappingRecord;
  readonly #connection: KafkaConnection;

  constructor(mapping: MappingRecord, connection: KafkaConnection) {
    this.#mapping = mapping;
    this.#connection = connection;
  }

  /** Bytes of an event around its records, at most. */
  get frameBytes(): number {
    const longestPartition = String(Number.MAX_SAFE_INTEGER);
    const shardId = `${this.#mapping.kafka!.topic}-${longestPartition}`;
    return Buffer.byteLength(this.event({ shardId, records: [], texts: [] }));
  }

  /** JSON text. Source: Lambda developer guide, example events of self-managed Apache Kafka and of Amazon MSK. */
  event({ shardId, texts }: StreamBatch): string {
    const source = JSON.stringify(this.#source());
    return `${source.slice(0, -1)},"records":{${JSON.stringify(shardId)}:[${texts.join(',')}]}}`;
  }

  /**
   * Index of the first record that is reported as failed. Source: "Configuring error handling controls for Kafka event
   * sources": an item is named by `{partition: "topic-0", offset: 100}`, and one that was not there fails the batch.
   */
  firstReported({ shardId, records }: StreamBatch, payload: Buffer): number | undefined {
    const items = reportedItems(payload);
    if (items === undefined) return 0;
    if (items.length === 0) return undefined;
    return Math.min(...items.map((item) => Math.max(0, indexOf(item, shardId, records))));
  }

  /** Source: "Capturing discarded batches for Amazon MSK and self-managed Apache Kafka event sources". */
  batchInfo(batch: StreamBatch): object {
    const [first, last] = [batch.records[0]!, batch.records.at(-1)!];
    return {
      ...this.#batchMembers(batch),
      recordsInfo: {
        [batch.shardId]: {
          firstRecordOffset: first.sequenceNumber,
          lastRecordOffset: last.sequenceNumber,
          firstRecordTimestamp: new Date(first.arrivedAtMs).toISOString(),
          lastRecordTimestamp: new Date(last.arrivedAtMs).toISOString(),
        },
      },
    };
  }

  /**
   * Writes each record of a batch that is given up to the topic that gets them; `bodyOf` gives its JSON text from what
   * is known of it, and its event. Source: "Using a Kafka topic as an on-failure destination".
   */
  async produce(
    destination: string,
    batch: DiscardedBatch<FunctionRun>,
    bodyOf: (info: object, event: string) => string,
  ): Promise<void> {
    const cluster = await this.#connection.cluster();
    const topic = destination.slice(KAFKA_DESTINATION.length);
    for (const [index, record] of batch.records.entries()) {
      const single = { shardId: batch.shardId, records: [record], texts: [batch.texts[index]!] };
      const info = {
        ...this.#batchMembers(single),
        recordInfo: {
          offset: record.sequenceNumber,
          timestamp: new Date(record.arrivedAtMs).toISOString(),
        },
      };
      const key = record.record['key'];
      const keyBytes = typeof key === 'string' ? Buffer.from(key, 'base64') : null;
      await cluster.produce(topic, keyBytes, Buffer.from(bodyOf(info, this.event(single))));
    }
  }

  #batchMembers(batch: StreamBatch): object {
    const { eventSource: _, ...source } = this.#source();
    return {
      batchSize: batch.records.length,
      ...source,
      payloadSize: Buffer.byteLength(this.event(batch)),
    };
  }

  #source() {
    const { eventSourceArn, kafka } = this.#mapping;
    const bootstrapServers = this.#connection.servers.join(',');
    return kafka!.bootstrapServers === undefined
      ? { eventSource: 'aws:kafka', eventSourceArn, bootstrapServers }
      : { eventSource: 'SelfManagedKafka', bootstrapServers };
  }
}

function indexOf(item: unknown, shardId: string, records: readonly StreamRecord[]): number {
  const { partition, offset } = (item ?? {}) as { readonly partition?: unknown; readonly offset?: unknown };
  if (partition !== shardId) return -1;
  return records.findIndex(({ sequenceNumber }) => sequenceNumber === String(offset));
}

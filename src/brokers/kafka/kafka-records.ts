/** Records as they lie in the batches of a fetch. */
import type { Consumer, RecordsBatch, KafkaRecord as WireRecord } from '@platformatic/kafka';
import type { KafkaFetch, KafkaRecord } from '../../ports/kafka.ts';

/** Bits of a batch's attributes. Source: Kafka protocol, "Record Batch". */
const IS_LOG_APPEND_TIME = 1 << 3;
const IS_CONTROL = 1 << 5;

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;

/** What one partition was asked for; a batch may begin before the offset, and is then cut. */
export function fetchedRecords(response: FetchResponse, from: bigint): KafkaFetch {
  const records: KafkaRecord[] = [];
  let nextOffset = from;
  for (const batch of response.responses.flatMap(({ partitions }) =>
    partitions.flatMap((partition) => partition.records ?? []),
  )) {
    // A control batch tells of transactions and holds nothing to be read.
    if ((batch.attributes & IS_CONTROL) === 0) {
      for (const record of batch.records) {
        const read = recordOf(batch, record);
        if (read.offset >= from) records.push(read);
      }
    }
    const afterBatch = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (afterBatch > nextOffset) nextOffset = afterBatch;
  }
  return { records, nextOffset };
}

function recordOf(batch: RecordsBatch, record: WireRecord): KafkaRecord {
  const isAppendTime = (batch.attributes & IS_LOG_APPEND_TIME) !== 0;
  const timestamp = isAppendTime ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta;
  return {
    offset: batch.firstOffset + BigInt(record.offsetDelta),
    timestampMs: Number(timestamp),
    timestampType: isAppendTime ? 'LOG_APPEND_TIME' : 'CREATE_TIME',
    key: record.key,
    value: record.value,
    headers: record.headers.map(([name, value]) => [name?.toString() ?? '', value] as const),
  };
}

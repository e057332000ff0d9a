/** What a failure destination gets to know of a batch of a stream that is given up; recorded for both kinds of streams. */

import type { DiscardedBatch } from '../../polling/stream-batch.ts';
import type { StreamRecord } from '../../ports/stream-source.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { MappingRecord } from '../records/mapping-table.ts';

/** An attempt of a batch, as far as its record tells of it. */
export interface FunctionRun {
  readonly requestId: string;
  readonly executedVersion: string;
  readonly functionError?: string;
}

export interface RecordCircumstances {
  readonly mapping: MappingRecord;
  /** Of the record, where no attempt was made. */
  readonly requestId: string;
  readonly nowMs: number;
  /** Of a batch of Kafka. */
  readonly kafkaInfo?: object;
}

/** `payload` is the JSON text of the event, which only a bucket gets. */
export function discardedRecord(
  batch: DiscardedBatch<FunctionRun>,
  { mapping, requestId, nowMs, kafkaInfo }: RecordCircumstances,
  payload?: string,
): string {
  const { condition, invokeCount, lastRun } = batch;
  const isKinesis = mapping.eventSourceArn.split(':')[2] === 'kinesis';
  const text = JSON.stringify({
    requestContext: {
      requestId: lastRun?.requestId ?? requestId,
      functionArn: functionArn({ ...mapping, qualifier: mapping.qualifier }),
      condition,
      approximateInvokeCount: invokeCount,
    },
    ...(lastRun === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: lastRun.executedVersion,
            functionError: lastRun.functionError ?? null,
          },
        }),
    version: '1.0',
    timestamp: new Date(nowMs).toISOString(),
    ...(kafkaInfo === undefined
      ? { [isKinesis ? 'KinesisBatchInfo' : 'DDBStreamBatchInfo']: batchInfo(batch, mapping, isKinesis) }
      : { KafkaBatchInfo: kafkaInfo }),
  });
  return payload === undefined ? text : `${text.slice(0, -1)},"payload":${payload}}`;
}

function batchInfo(
  { shardId, records }: DiscardedBatch<FunctionRun>,
  { eventSourceArn }: MappingRecord,
  isKinesis: boolean,
): object {
  const [first, last] = [records[0]!, records.at(-1)!];
  // Recorded: of DynamoDB in whole seconds.
  const arrivalOf = ({ arrivedAtMs }: StreamRecord): string => {
    const text = new Date(arrivedAtMs).toISOString();
    return isKinesis ? text : text.replace(/\.\d+Z$/, 'Z');
  };
  return {
    shardId,
    startSequenceNumber: first.sequenceNumber,
    endSequenceNumber: last.sequenceNumber,
    approximateArrivalOfFirstRecord: arrivalOf(first),
    approximateArrivalOfLastRecord: arrivalOf(last),
    batchSize: records.length,
    streamArn: eventSourceArn,
  };
}

/** Source: Lambda developer guide, "Retain discarded batch records": where objects of a failure bucket are. */
export function discardedFolder(uuid: string, shardId: string): string {
  return `aws/lambda/${uuid}/${shardId}`;
}

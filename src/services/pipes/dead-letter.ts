/** The record of a batch of a stream that was given up. */
import { parseArn } from '../../core/arn.ts';
import type { DiscardedBatch } from '../../polling/stream-batch.ts';
import type { PipeRecord } from './pipe-record.ts';
import { pipeArn } from './pipe-record.ts';

export interface LetterRequest {
  readonly service: string;
  readonly operation: string;
  readonly input: object;
}

/** Form: messages from AWS in public tests and articles, of a stream of Kinesis and one of DynamoDB. */
export function deadLetter(
  arn: string,
  pipe: PipeRecord,
  { shardId, records, condition }: DiscardedBatch<unknown>,
  nowMs: number,
): LetterRequest {
  const [first, last] = [records[0], records.at(-1)];
  const info = {
    shardId,
    startSequenceNumber: first?.sequenceNumber,
    endSequenceNumber: last?.sequenceNumber,
    approximateArrivalOfFirstRecord: first && new Date(first.arrivedAtMs).toISOString(),
    approximateArrivalOfLastRecord: last && new Date(last.arrivedAtMs).toISOString(),
    batchSize: records.length,
    streamArn: pipe.source,
  };
  const isKinesis = parseArn(pipe.source)?.service === 'kinesis';
  const text = JSON.stringify({
    context: { partnerResourceArn: pipeArn(pipe), condition },
    version: '1.0',
    timestamp: new Date(nowMs).toISOString(),
    [isKinesis ? 'KinesisBatchInfo' : 'DDBStreamBatchInfo']: info,
  });
  return letterRequest(arn, text);
}

function letterRequest(arn: string, text: string): LetterRequest {
  const { service, region, accountId, resource } = parseArn(arn)!;
  if (service === 'sns') return { service, operation: 'Publish', input: { TopicArn: arn, Message: text } };
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/${resource}`;
  return { service: 'sqs', operation: 'SendMessage', input: { QueueUrl, MessageBody: text } };
}

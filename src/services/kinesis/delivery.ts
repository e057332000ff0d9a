import { formatArn } from '../../core/arn.ts';
import type { Receive } from '../../ports/delivery.ts';
import { hashKeyOf } from './hash-key.ts';
import type { KinesisContext } from './kinesis-context.ts';
import { addressOfArn } from './kinesis-context.ts';
import { rateExceeded, streamNotFound } from './kinesis-errors.ts';
import { putRecords, recordOf } from './put-operations.ts';
import { shardId } from './stream-record.ts';

/**
 * Takes what other services put into streams, with the group of the delivery as partition key, or a key of its own
 * without one; services on AWS come with a role, which the policy of a stream is not asked about.
 */
export function receiveDelivery(kinesis: KinesisContext): Receive {
  return async (target, delivery) => {
    const address = addressOfArn(formatArn(target))!;
    const stream = kinesis.streams.find(address);
    if (stream === undefined || !stream.isThere) throw streamNotFound(address);
    const partitionKey = delivery.messageGroupId ?? kinesis.ids.uuid();
    const record = recordOf(stream, { Data: Buffer.from(delivery.body), PartitionKey: partitionKey });
    const [put] = await putRecords(kinesis, stream, [{ record, key: hashKeyOf(partitionKey) }]);
    if (put!.sequenceNumber === undefined) throw rateExceeded(shardId(put!.shard.index), stream.record);
  };
}

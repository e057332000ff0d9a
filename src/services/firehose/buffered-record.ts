/** Records as they wait: what is known of each in the attributes of a stored event, their bytes in its payload. */
import type { QueuedEvent } from '../../ports/event-queue.ts';

export interface KinesisOrigin {
  readonly shardId: string;
  readonly partitionKey: string;
  readonly sequenceNumber: string;
}

export interface BufferedRecord {
  /** 56 digits. */
  readonly id: string;
  /** Service time of arrival. */
  readonly arrivedMs: number;
  readonly data: Uint8Array;
  /** Where it came out of a Kinesis stream. */
  readonly kinesis?: KinesisOrigin;
}

interface Head extends Omit<BufferedRecord, 'data'> {
  readonly bytes: number;
}

export function encodeRecords(
  records: readonly BufferedRecord[],
): Pick<QueuedEvent, 'attributes' | 'payload'> {
  const heads = records.map(({ data, ...head }): Head => ({ ...head, bytes: data.length }));
  return {
    attributes: JSON.stringify(heads),
    payload: Buffer.concat(records.map(({ data }) => data)),
  };
}

export function decodeRecords({
  attributes,
  payload,
}: Pick<QueuedEvent, 'attributes' | 'payload'>): BufferedRecord[] {
  let offset = 0;
  return (JSON.parse(attributes) as Head[]).map(({ bytes, ...head }) => {
    const data = payload.subarray(offset, offset + bytes);
    offset += bytes;
    return { ...head, data };
  });
}

export function bytesOf(records: readonly BufferedRecord[]): number {
  return records.reduce((sum, { data }) => sum + data.length, 0);
}

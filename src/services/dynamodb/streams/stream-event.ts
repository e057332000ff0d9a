/** Records of streams as they are handed out. */
import { hash } from 'node:crypto';
import type { _Record as StreamedRecord } from '@aws-sdk/client-dynamodb-streams';
import type { Item } from '../engine/item-text.ts';
import { withBytes } from '../engine/item-text.ts';
import type { StreamRecordReply } from '../engine/requests.ts';
import type { StreamRecord } from '../table-record.ts';
import { streamArn } from '../table-record.ts';

/** What the engine has written, see `engine/stream-writer`. */
interface WrittenRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly isExpiry: boolean;
  readonly viewType: string;
  readonly sizeBytes: number;
  readonly keys: Item;
  readonly newImage?: Item;
  readonly oldImage?: Item;
}

/** Source: the API reference: who removed an item that had expired. */
const EXPIRY_IDENTITY = { principalId: 'dynamodb.amazonaws.com', type: 'Service' };

/** Numbers of AWS have at least 21 digits; source: model of GetShardIterator. */
const FIRST_SEQUENCE_NUMBER = 100_000_000_000_000_000_000n;

export function sequenceNumber(sequence: number): string {
  return String(FIRST_SEQUENCE_NUMBER + BigInt(sequence));
}

/** Undefined for what is no number of a record. */
export function sequenceOf(number: string): number | undefined {
  if (!/^\d{21,40}$/.test(number)) return undefined;
  const sequence = BigInt(number) - FIRST_SEQUENCE_NUMBER;
  return sequence < 0n || sequence > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(sequence);
}

/** As GetRecords answers it: with bytes and dates. */
export function answeredRecord(stream: StreamRecord, reply: StreamRecordReply): StreamedRecord {
  const written = JSON.parse(reply.record) as WrittenRecord;
  return {
    ...envelope(stream, reply, written),
    dynamodb: {
      ApproximateCreationDateTime: new Date(seconds(reply) * 1000),
      Keys: withBytes(written.keys),
      ...(written.newImage === undefined ? {} : { NewImage: withBytes(written.newImage) }),
      ...(written.oldImage === undefined ? {} : { OldImage: withBytes(written.oldImage) }),
      SequenceNumber: sequenceNumber(reply.sequence),
      SizeBytes: written.sizeBytes,
      StreamViewType: written.viewType as 'KEYS_ONLY',
    },
    ...(written.isExpiry
      ? { userIdentity: { PrincipalId: EXPIRY_IDENTITY.principalId, Type: EXPIRY_IDENTITY.type } }
      : {}),
  } as StreamedRecord;
}

/** As Lambda hands it to a function; source: "Using AWS Lambda with Amazon DynamoDB", and recorded events. */
export function eventRecord(
  stream: StreamRecord,
  reply: StreamRecordReply,
): { readonly record: Record<string, unknown>; readonly keys: Item } {
  const written = JSON.parse(reply.record) as WrittenRecord;
  const record = {
    ...envelope(stream, reply, written),
    dynamodb: {
      ApproximateCreationDateTime: seconds(reply),
      Keys: written.keys,
      ...(written.newImage === undefined ? {} : { NewImage: written.newImage }),
      ...(written.oldImage === undefined ? {} : { OldImage: written.oldImage }),
      SequenceNumber: sequenceNumber(reply.sequence),
      SizeBytes: written.sizeBytes,
      StreamViewType: written.viewType,
    },
    ...(written.isExpiry ? { userIdentity: EXPIRY_IDENTITY } : {}),
    eventSourceARN: streamArn(stream),
  };
  return { record, keys: written.keys };
}

function envelope(stream: StreamRecord, { sequence }: StreamRecordReply, { eventName }: WrittenRecord) {
  return {
    eventID: hash('md5', `${stream.id}/${sequence}`, 'hex'),
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: stream.region,
  };
}

/** AWS tells the second. */
function seconds({ writtenMs }: StreamRecordReply): number {
  return Math.floor(writtenMs / 1000);
}

import type { BufferedRecord } from './buffered-record.ts';
import { bytesOf } from './buffered-record.ts';
import type { DeliveryStream } from './delivery-stream.ts';
import type { FirehoseContext, FirehoseOperations } from './firehose-context.ts';
import { existingStream } from './firehose-context.ts';
import { invalidArgument } from './firehose-errors.ts';

/** Bytes of all records of a batch, from the API reference of PutRecordBatch. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Bytes of the text that names a record in answers; about as long as AWS's. */
const RECORD_ID_BYTES = 110;
/** Digits of the id a record has for functions: its time, then what nobody else has. */
const ID_DIGITS = 56;
const TIME_DIGITS = 16;

type PutOperations = 'PutRecord' | 'PutRecordBatch';

export function putOperations(firehose: FirehoseContext): Required<Pick<FirehoseOperations, PutOperations>> {
  const { ids } = firehose;
  return {
    async PutRecord(input, context) {
      const stream = writableStream(existingStream(firehose, context, input.DeliveryStreamName!));
      await stream.put([arrival(firehose, input.Record!.Data!)]);
      return { RecordId: ids.hex(RECORD_ID_BYTES), Encrypted: false };
    },

    async PutRecordBatch(input, context) {
      const stream = writableStream(existingStream(firehose, context, input.DeliveryStreamName!));
      const records = input.Records!.map(({ Data }) => arrival(firehose, Data!));
      if (bytesOf(records) > MAX_BATCH_BYTES) throw invalidArgument('Records size exceeds 4 MB limit');
      // They are kept together or not at all.
      await stream.put(records);
      return {
        FailedPutCount: 0,
        Encrypted: false,
        RequestResponses: records.map(() => ({ RecordId: ids.hex(RECORD_ID_BYTES) })),
      };
    },
  };
}

/** A record that has just come. */
export function arrival(
  { clock, ids }: Pick<FirehoseContext, 'clock' | 'ids'>,
  data: Uint8Array,
): BufferedRecord {
  const arrivedMs = clock.now();
  const own = BigInt(`0x${ids.hex(16)}`)
    .toString()
    .padStart(ID_DIGITS - TIME_DIGITS, '0');
  return { id: String(arrivedMs).padStart(TIME_DIGITS, '0') + own, arrivedMs, data };
}

/** Throws `InvalidArgumentException` where records come from elsewhere. */
export function writableStream(stream: DeliveryStream): DeliveryStream {
  if (stream.record.source === undefined) return stream;
  throw invalidArgument('This operation is not permitted on KinesisStreamAsSource delivery stream type.');
}

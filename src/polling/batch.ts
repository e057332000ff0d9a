/** Batches as events: how much goes into one. */
import type { SourceRecord } from '../ports/event-source.ts';

/** Source: Lambda quotas, the payload of a synchronous invocation; Pipes, whose batches have the same limit. */
export const MAX_EVENT_BYTES = 6 * 1024 * 1024;
/** What is around the records: `{"Records":[]}` for Lambda. */
export const FRAME_BYTES = Buffer.byteLength('{"Records":[]}');

export interface Batch {
  readonly records: readonly SourceRecord[];
  /** Each record as JSON text. */
  readonly texts: readonly string[];
}

/** In order, as many to a batch as an event may hold beside the `frameBytes` of what is around them. */
export function batchesOf(
  records: readonly SourceRecord[],
  isFiltered: boolean,
  frameBytes = FRAME_BYTES,
): Batch[] {
  const batches: Batch[] = [];
  let held: SourceRecord[] = [];
  let texts: string[] = [];
  let bytes = frameBytes;
  const close = (): void => {
    if (held.length === 0) return;
    batches.push({ records: held, texts });
    held = [];
    texts = [];
    bytes = frameBytes;
  };
  for (const source of records) {
    const text = JSON.stringify(isFiltered ? withDigest(source.record) : source.record);
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > MAX_EVENT_BYTES) close();
    held.push(source);
    texts.push(text);
    bytes += size;
  }
  close();
  return batches;
}

/** Recorded: where filters are set, messages without attributes have a digest of null. */
function withDigest(record: SourceRecord['record']): object {
  if (record['eventSource'] !== 'aws:sqs' || 'md5OfMessageAttributes' in record) return record;
  const { messageId, receiptHandle, body, attributes, messageAttributes, ...others } = record;
  return {
    messageId,
    receiptHandle,
    body,
    attributes,
    messageAttributes,
    md5OfMessageAttributes: null,
    ...others,
  };
}

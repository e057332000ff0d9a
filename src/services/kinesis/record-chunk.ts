/** Records of one append to a shard, as the bytes that are stored: key and data of each, each after its length. */
import type { RecordChunk } from '../../ports/shard-store.ts';

export interface NewRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

export interface KeptRecord extends NewRecord {
  readonly position: number;
  readonly arrivedMs: number;
}

const LENGTH_BYTES = 4;

export function encodeRecords(records: readonly NewRecord[]): Buffer {
  const keys = records.map(({ partitionKey }) => Buffer.from(partitionKey));
  const size = records.reduce(
    (sum, { data }, index) => sum + 2 * LENGTH_BYTES + keys[index]!.length + data.byteLength,
    0,
  );
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const [index, { data }] of records.entries()) {
    const key = keys[index]!;
    at = bytes.writeUInt32BE(key.length, at);
    at += key.copy(bytes, at);
    at = bytes.writeUInt32BE(data.byteLength, at);
    bytes.set(data, at);
    at += data.byteLength;
  }
  return bytes;
}

/** Those after a position. */
export function decodeRecords({ first, arrivedMs, bytes }: RecordChunk, after: number): KeptRecord[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: KeptRecord[] = [];
  let at = 0;
  const next = (): Buffer => {
    const start = at + LENGTH_BYTES;
    at = start + buffer.readUInt32BE(at);
    return buffer.subarray(start, at);
  };
  for (let position = first; at < buffer.length; position += 1) {
    const key = next();
    const data = next();
    if (position > after) records.push({ position, arrivedMs, partitionKey: key.toString(), data });
  }
  return records;
}

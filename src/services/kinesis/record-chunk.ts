/**
 * Records of one append to a shard, as the bytes that are stored: whether they are sealed, then key and data of
 * each, each after its length.
 */

export interface NewRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

export interface KeptRecord extends NewRecord {
  readonly position: number;
  readonly arrivedMs: number;
  /** It was encrypted when it was put. */
  readonly isEncrypted: boolean;
}

const LENGTH_BYTES = 4;
const PLAIN = 0;
const SEALED = 1;

function encodeRecords(records: readonly NewRecord[]): Buffer {
  const keys = records.map(({ partitionKey }) => Buffer.from(partitionKey));
  const size = records.reduce(
    (sum, { data }, index) => sum + 2 * LENGTH_BYTES + keys[index]!.length + data.byteLength,
    0,
  );
  const bytes = Buffer.allocUnsafeSlow(1 + size);
  let at = bytes.writeUInt8(PLAIN);
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

export function decodeRecords(
  buffer: Buffer,
  {
    first,
    arrivedMs,
    isEncrypted,
  }: Pick<KeptRecord, 'arrivedMs' | 'isEncrypted'> & { readonly first: number },
): KeptRecord[] {
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
    records.push({ position, arrivedMs, isEncrypted, partitionKey: key.toString(), data });
  }
  return records;
}

/** What is stored: the records, sealed where there is a seal. */
export function storedBytes(
  records: readonly NewRecord[],
  seal: ((bytes: Buffer) => Buffer) | undefined,
): Buffer {
  const plain = encodeRecords(records);
  return seal === undefined ? plain : Buffer.concat([Buffer.from([SEALED]), seal(plain.subarray(1))]);
}

export function isSealed(stored: Uint8Array): boolean {
  return stored[0] === SEALED;
}

/** What follows the mark of whether it is sealed. */
export function contentOf(stored: Uint8Array): Buffer {
  return Buffer.from(stored.buffer, stored.byteOffset + 1, stored.byteLength - 1);
}

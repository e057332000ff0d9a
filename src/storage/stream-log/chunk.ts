/**
 * How events lie on disk: chunks of one stream's events in time order. A chunk is a varint header
 * (for each event the time since the one before it and the length of its message in UTF-16 units)
 * followed by all messages in UTF-8.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { invariant } from '../../core/errors.ts';

/**
 * Longest time between first and last event of a chunk. Reading by time looks this far outside its
 * range for chunks that reach into it.
 */
export const MAX_CHUNK_SPAN_MS = 600_000;
export const MAX_CHUNK_EVENTS = 10_000;
export const MAX_CHUNK_CHARS = 1024 * 1024;

/** Smaller chunks gain nothing from compression. */
const COMPRESS_FROM_BYTES = 1024;
/** The fastest level: about half the size of text at a few percent of a core for 20,000 events a second. */
const COMPRESSION = { level: 1 } as const;

export interface ChunkEvents {
  readonly timestampsMs: readonly number[];
  readonly messages: readonly string[];
}

export interface EncodedChunk {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  /** Bytes of the messages, uncompressed. */
  readonly messageBytes: number;
  readonly compressed: boolean;
  readonly data: Uint8Array;
}

/** `timestampsMs` ascending; `lengths` in UTF-16 units; `text` is all messages one after the other. */
export function encodeChunk(
  timestampsMs: readonly number[],
  lengths: readonly number[],
  text: string,
): EncodedChunk {
  invariant(timestampsMs.length > 0, 'a chunk holds at least one event');
  const firstMs = timestampsMs[0]!;
  const header: number[] = [];
  let before = firstMs;
  for (let index = 0; index < timestampsMs.length; index++) {
    writeVarint(header, timestampsMs[index]! - before);
    writeVarint(header, lengths[index]!);
    before = timestampsMs[index]!;
  }
  const messageBytes = Buffer.byteLength(text);
  const plain = Buffer.allocUnsafe(header.length + messageBytes);
  plain.set(header);
  plain.write(text, header.length);
  const compressed = plain.length >= COMPRESS_FROM_BYTES;
  return {
    firstMs,
    lastMs: before,
    count: timestampsMs.length,
    messageBytes,
    compressed,
    // Room for the result as it will be: 16 KB for each otherwise, which live until the next collection.
    data: compressed ? deflateRawSync(plain, { ...COMPRESSION, chunkSize: plain.length }) : plain,
  };
}

export function decodeChunk(
  chunk: Pick<EncodedChunk, 'firstMs' | 'count' | 'compressed' | 'data'>,
): ChunkEvents {
  const plain = chunk.compressed ? inflateRawSync(chunk.data) : Buffer.from(chunk.data);
  const timestampsMs: number[] = new Array(chunk.count);
  const lengths: number[] = new Array(chunk.count);
  let offset = 0;
  const readVarint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = plain[offset++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  let time = chunk.firstMs;
  for (let index = 0; index < chunk.count; index++) {
    time += readVarint();
    timestampsMs[index] = time;
    lengths[index] = readVarint();
  }
  const text = plain.toString('utf8', offset);
  const messages: string[] = new Array(chunk.count);
  let start = 0;
  for (let index = 0; index < chunk.count; index++) {
    const end = start + lengths[index]!;
    messages[index] = text.slice(start, end);
    start = end;
  }
  return { timestampsMs, messages };
}

function writeVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

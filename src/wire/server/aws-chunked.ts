/**
 * The aws-chunked content encoding: chunks of `size[;chunk-signature=…]\r\n data \r\n`, one of size 0,
 * then trailer lines and an empty line. Decoded piece by piece; checksums and signatures are
 * checked on the way, so that the decoded bytes may be used while they come, and count only once
 * the end has been reached.
 *
 *     size ─► data ─► data-end ─► size … size(0) ─► trailer ─► done
 */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TransformCallback } from 'node:stream';
import { Transform } from 'node:stream';
import type { Checksum } from '../../core/checksums.ts';
import { CHECKSUM_HEADER_PREFIX, checksumOf } from '../../core/checksums.ts';
import { AwsError } from '../../core/errors.ts';
import type { ChunkSignatures } from '../signature/chunk-signatures.ts';
import { MAX_CHUNK_LINE_BYTES } from './limits.ts';

/** Whether a body is in aws-chunked, by its headers. */
export function isAwsChunked(headers: IncomingHttpHeaders): boolean {
  const hash = headers['x-amz-content-sha256'];
  if (typeof hash === 'string' && hash.startsWith('STREAMING-') && !hash.endsWith('-EVENTS')) return true;
  return headers['content-encoding']?.includes('aws-chunked') === true;
}

/** The headers as if the body had never been encoded, with the trailer's fields where they are known. */
export function decodedHeaders(
  headers: IncomingHttpHeaders,
  trailers: Readonly<Record<string, string>>,
): IncomingHttpHeaders {
  const decoded: IncomingHttpHeaders = { ...headers, ...trailers };
  const encodings = (headers['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  const others = encodings.filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  if (others.length > 0) decoded['content-encoding'] = others.join(',');
  else delete decoded['content-encoding'];
  const length = headers['x-amz-decoded-content-length'];
  if (typeof length === 'string') decoded['content-length'] = length;
  return decoded;
}

/** The size of the decoded body that the client announced; undefined where it did not. */
export function decodedBytes(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['x-amz-decoded-content-length'];
  return typeof length === 'string' && length !== '' ? Number(length) : undefined;
}

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'done';

interface ExpectedChecksum {
  readonly header: string;
  readonly checksum: Checksum;
}

export class AwsChunkedDecoder {
  /** Header fields that came after the body, lower case; complete after `finish`. */
  readonly trailers: Record<string, string> = {};
  private state: State = 'size';
  private line = '';
  private remaining = 0;
  private decoded = 0;
  private chunkSignature = '';
  private chunkHash: Hash | undefined;
  private canonicalTrailer = '';
  private trailerSignature: string | undefined;
  private readonly headers: IncomingHttpHeaders;
  private readonly signatures: ChunkSignatures | undefined;
  private readonly mismatch: () => Error;
  private readonly checksums: readonly ExpectedChecksum[];
  private readonly announcedTrailers: readonly string[];

  /** Without `signatures` those in the body are passed over. `mismatch` makes the error of a wrong one. */
  constructor(
    headers: IncomingHttpHeaders,
    signatures: ChunkSignatures | undefined,
    mismatch: () => Error = brokenTrailer,
  ) {
    this.headers = headers;
    this.signatures = signatures;
    this.mismatch = mismatch;
    const trailer = headers['x-amz-trailer'];
    this.announcedTrailers =
      typeof trailer === 'string' ? trailer.split(',').map((name) => name.trim().toLowerCase()) : [];
    const inHead = Object.keys(headers).filter((name) => name.startsWith(CHECKSUM_HEADER_PREFIX));
    this.checksums = [...this.announcedTrailers, ...inHead].flatMap((header) => {
      const checksum = checksumOf(header);
      return checksum === undefined ? [] : [{ header, checksum }];
    });
  }

  /** Takes the next piece of the encoded body and gives what it holds of the decoded one. Throws `AwsError`. */
  push(piece: Buffer, give: (data: Buffer) => void): void {
    let at = 0;
    while (at < piece.length) {
      if (this.state === 'done') throw incomplete();
      if (this.state === 'data') at = this.takeData(piece, at, give);
      else at = this.takeLine(piece, at);
    }
  }

  /** To be called at the end of the encoded body. Throws `AwsError` unless all is there and right. */
  finish(): void {
    // Some clients leave out the empty line after a body without trailer.
    if (this.state === 'trailer' && this.line === '') this.endTrailer();
    if (this.state !== 'done') throw incomplete();
    const announced = decodedBytes(this.headers);
    if (announced !== undefined && announced !== this.decoded) throw incomplete();
    for (const name of this.announcedTrailers) {
      if (name !== '' && this.trailers[name] === undefined) throw brokenTrailer();
    }
    for (const { header, checksum } of this.checksums) {
      const given = this.trailers[header] ?? this.headers[header];
      if (given !== checksum.value()) throw badDigest(header);
    }
  }

  private takeData(piece: Buffer, at: number, give: (data: Buffer) => void): number {
    const end = Math.min(piece.length, at + this.remaining);
    const data = piece.subarray(at, end);
    this.remaining -= data.length;
    this.decoded += data.length;
    for (const { checksum } of this.checksums) checksum.update(data);
    this.chunkHash?.update(data);
    give(data);
    if (this.remaining === 0) {
      this.checkChunk();
      this.state = 'data-end';
    }
    return end;
  }

  /** Takes a line, or the part of it that is there. */
  private takeLine(piece: Buffer, at: number): number {
    const newline = piece.indexOf(0x0a, at);
    const end = newline < 0 ? piece.length : newline;
    if (this.line.length + end - at > MAX_CHUNK_LINE_BYTES) throw incomplete();
    this.line += piece.toString('latin1', at, end);
    if (newline < 0) return end;
    const line = this.line.endsWith('\r') ? this.line.slice(0, -1) : this.line;
    this.line = '';
    if (this.state === 'size') this.beginChunk(line);
    else if (this.state === 'trailer') this.trailerLine(line);
    else if (line === '') this.state = 'size';
    else throw incomplete();
    return newline + 1;
  }

  private beginChunk(line: string): void {
    const semicolon = line.indexOf(';');
    const size = (semicolon < 0 ? line : line.slice(0, semicolon)).trim();
    if (!/^[0-9a-fA-F]{1,13}$/.test(size)) throw incomplete();
    this.remaining = Number.parseInt(size, 16);
    const extension = semicolon < 0 ? '' : line.slice(semicolon + 1).trim();
    this.chunkSignature = extension.startsWith('chunk-signature=') ? extension.slice(16) : '';
    this.chunkHash = this.signatures === undefined ? undefined : createHash('sha256');
    if (this.remaining > 0) {
      this.state = 'data';
      return;
    }
    this.checkChunk();
    this.state = 'trailer';
  }

  private checkChunk(): void {
    if (this.signatures === undefined) return;
    if (!this.signatures.chunk(this.chunkHash!.digest('hex'), this.chunkSignature)) throw this.mismatch();
  }

  private trailerLine(line: string): void {
    if (line === '') {
      this.endTrailer();
      return;
    }
    const colon = line.indexOf(':');
    if (colon < 1) throw brokenTrailer();
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') {
      this.trailerSignature = value;
      return;
    }
    // A trailer nobody announced could set any header field.
    if (!this.announcedTrailers.includes(name)) throw brokenTrailer();
    this.trailers[name] = value;
    this.canonicalTrailer += `${name}:${value}\n`;
  }

  private endTrailer(): void {
    this.state = 'done';
    if (this.signatures === undefined || this.announcedTrailers.length === 0) return;
    if (!this.signatures.trailer(this.canonicalTrailer, this.trailerSignature ?? '')) throw this.mismatch();
  }
}

/** Decodes a body that is there as a whole. */
export function decodeWhole(decoder: AwsChunkedDecoder, body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  decoder.push(body, (data) => pieces.push(data));
  decoder.finish();
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** The decoded body as a stream, which ends with the decoder's error where there is one. */
export class AwsChunkedStream extends Transform {
  private readonly decoder: AwsChunkedDecoder;

  constructor(decoder: AwsChunkedDecoder) {
    super();
    this.decoder = decoder;
  }

  /** The trailer's fields; there once the stream has ended. */
  get trailers(): Readonly<Record<string, string>> {
    return this.decoder.trailers;
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.attempt(() => this.decoder.push(piece, (data) => this.push(data)), callback);
  }

  override _flush(callback: TransformCallback): void {
    this.attempt(() => this.decoder.finish(), callback);
  }

  private attempt(step: () => void, callback: TransformCallback): void {
    try {
      step();
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback();
  }
}

function incomplete(): AwsError {
  return new AwsError('IncompleteBody', 'The request body terminated unexpectedly', {}, 400);
}

function brokenTrailer(): AwsError {
  return new AwsError(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
    {},
    400,
  );
}

function badDigest(header: string): AwsError {
  const algorithm = header.slice(CHECKSUM_HEADER_PREFIX.length).toUpperCase();
  return new AwsError(
    'BadDigest',
    `The ${algorithm} you specified did not match the calculated checksum.`,
    {},
    400,
  );
}

/** Bodies on their way in: digested while they pass, small ones kept whole, large ones written as they come. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { checksumNamed } from '../../core/checksums.ts';
import { AwsError } from '../../core/errors.ts';
import type { ContentPiece, ObjectContent } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { AskedChecksum } from './object-checksum.ts';
import { badChecksum } from './object-checksum.ts';
import { headerOf } from './request-header.ts';
import type { S3Context } from './s3-context.ts';

/** An object up to this size is kept with its record: one sync of the disk stores both. Bytes. */
export const MAX_INLINE_BYTES = 32 * 1024;
/** Source: user guide, "Uploading objects": of one request. */
export const MAX_BODY_BYTES = 5 * 1024 ** 3;

export interface StoredBody {
  readonly content: ObjectContent;
  readonly sizeBytes: number;
  /** 32 hexadecimal digits. */
  readonly md5: string;
  /** Base64. */
  readonly checksum: string;
}

export interface BodyExpectation {
  readonly checksum: AskedChecksum;
  /** `Content-MD5`: base64. */
  readonly md5: string | undefined;
}

/**
 * Stores a body. Throws `InvalidDigest`, `BadDigest`, `EntityTooLarge`, and whatever its stream ends with; then
 * nothing of it is kept.
 */
export async function storeBody(
  s3: S3Context,
  body: unknown,
  expected: BodyExpectation,
): Promise<StoredBody> {
  checkMd5(expected.md5);
  const digest = new BodyDigest(expected);
  const pieces = digested(piecesOf(body), digest);
  const head = await headOf(pieces);
  if (head.isWhole) return { content: digest.check(Buffer.concat(head.pieces)), ...digest.result() };
  const written = await s3.contents.write(checked(head.pieces, pieces, digest));
  return { content: [written], ...digest.result() };
}

/** As `storeBody`, but always in the content store. */
export async function storePiece(
  s3: S3Context,
  body: unknown,
  expected: BodyExpectation,
): Promise<StoredBody & { readonly piece: ContentPiece }> {
  checkMd5(expected.md5);
  const digest = new BodyDigest(expected);
  const piece = await s3.contents.write(checked([], digested(piecesOf(body), digest), digest));
  return { piece, content: [piece], ...digest.result() };
}

class BodyDigest {
  private readonly expected: BodyExpectation;
  private readonly md5 = createHash('md5');
  private readonly checksum;
  private sizeBytes = 0;
  private results: { readonly md5: string; readonly checksum: string } | undefined;

  constructor(expected: BodyExpectation) {
    this.expected = expected;
    this.checksum = checksumNamed(expected.checksum.algorithm);
  }

  update(piece: Uint8Array): void {
    this.md5.update(piece);
    this.checksum.update(piece);
    this.sizeBytes += piece.length;
    if (this.sizeBytes > MAX_BODY_BYTES) throw entityTooLarge(this.sizeBytes);
  }

  /** `content` where the digests are what the sender has said. */
  check<T>(content: T): T {
    const { md5, checksum } = this.result();
    const given = this.expected.checksum.given;
    if (given !== undefined && given !== checksum) throw badChecksum(this.expected.checksum.algorithm);
    if (this.expected.md5 !== undefined) checkDigest(this.expected.md5, md5);
    return content;
  }

  result(): { readonly md5: string; readonly checksum: string; readonly sizeBytes: number } {
    this.results ??= { md5: this.md5.digest('hex'), checksum: this.checksum.value() };
    return { ...this.results, sizeBytes: this.sizeBytes };
  }
}

/** From the wire a stream; from other services of this process whatever the SDK would take. */
async function* piecesOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (body === undefined || body === null) return;
  if (typeof body === 'string') yield Buffer.from(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body as Readable;
}

async function* digested(body: AsyncIterable<Uint8Array>, digest: BodyDigest): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    digest.update(piece);
    yield piece;
  }
}

/** The first pieces of a body, until it is too large to be kept with its record. */
async function headOf(
  pieces: AsyncGenerator<Uint8Array>,
): Promise<{ readonly pieces: readonly Uint8Array[]; readonly isWhole: boolean }> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= MAX_INLINE_BYTES) {
    const next = await pieces.next();
    if (next.done === true) return { pieces: taken, isWhole: true };
    taken.push(next.value);
    bytes += next.value.length;
  }
  return { pieces: taken, isWhole: false };
}

/** All pieces; an error at the end, where the body is not what its sender has said, keeps it from being stored. */
async function* checked(
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
  digest: BodyDigest,
): AsyncGenerator<Uint8Array> {
  yield* head;
  yield* rest;
  digest.check(undefined);
}

/** Recorded: 16 bytes in base64, and no more. */
function checkMd5(md5: string | undefined): void {
  if (md5 === undefined || /^[A-Za-z0-9+/]{22}==$/.test(md5)) return;
  const members = { 'Content-MD5': md5 };
  throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.', members, 400);
}

function checkDigest(expected: string, md5: string): void {
  const calculated = Buffer.from(md5, 'hex').toString('base64');
  if (calculated === expected) return;
  throw new AwsError(
    'BadDigest',
    'The Content-MD5 you specified did not match what we received.',
    { ExpectedDigest: expected, CalculatedDigest: calculated },
    400,
  );
}

function entityTooLarge(sizeBytes: number): AwsError {
  return new AwsError(
    'EntityTooLarge',
    'Your proposed upload exceeds the maximum allowed size',
    { ProposedSize: sizeBytes, MaxSizeAllowed: MAX_BODY_BYTES },
    400,
  );
}

/** Throws `MissingContentLength` and `EntityTooLarge` before a body comes that could not be taken. */
export function checkAnnounced(caller: RequestContext): void {
  const length = headerOf(caller, 'x-amz-decoded-content-length') ?? headerOf(caller, 'content-length');
  const isFromWire = caller.headers.host !== undefined;
  if (isFromWire && length === undefined) {
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.', {}, 411);
  }
  if (length !== undefined && Number(length) > MAX_BODY_BYTES) throw entityTooLarge(Number(length));
}

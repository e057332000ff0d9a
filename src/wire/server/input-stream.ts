/** Bodies that operations read as streams: decoded from aws-chunked, checked while they pass. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable, TransformCallback } from 'node:stream';
import { PassThrough, pipeline, Transform } from 'node:stream';
import type { BodyLimit } from '../../ports/service.ts';
import { checkBodyHash } from '../signature/verify.ts';
import type { SignatureCheck } from './authorizer.ts';
import { AwsChunkedDecoder, AwsChunkedStream, isAwsChunked } from './aws-chunked.ts';
import { BodyTruncated } from './request-body.ts';

/**
 * The body as the operation is to see it. What is wrong with it (a checksum, a signature, its size, its
 * end) ends the stream with an error, so a consumer keeps nothing of a stream that did not end well.
 * The request itself stays whole whatever becomes of the stream: it still has to be answered.
 */
export function inputStream(
  request: IncomingMessage,
  idleTimeoutMs: number,
  limit: BodyLimit | undefined,
  check: SignatureCheck | undefined,
): Readable {
  const verified = check?.verified;
  const first = new PassThrough();
  const steps: Transform[] = [first];
  if (isAwsChunked(request.headers)) {
    const decoder = new AwsChunkedDecoder(request.headers, verified?.chunks, verified?.mismatch);
    steps.push(new AwsChunkedStream(decoder));
  } else if (check !== undefined && verified?.bodySha256 !== undefined) {
    steps.push(hashCheck(check));
  }
  if (limit !== undefined) steps.push(sizeCheck(limit));
  // An error of a step goes on to the last one, from which the operation reads.
  if (steps.length > 1) pipeline(steps, () => undefined);
  feed(request, first, idleTimeoutMs);
  return steps.at(-1)!;
}

/** `pipe`, with an error where the request does not come to its end. */
function feed(request: IncomingMessage, first: PassThrough, idleTimeoutMs: number): void {
  const idle = (): void => {
    first.destroy(new BodyTruncated(`nothing came for ${idleTimeoutMs / 1_000} seconds`, true));
  };
  const broken = (): void => {
    if (!request.complete) first.destroy(new BodyTruncated('the connection ended within the body', false));
  };
  request.setTimeout(idleTimeoutMs, idle);
  request.once('end', () => request.setTimeout(0));
  request.once('error', broken).once('close', broken);
  request.pipe(first);
}

function hashCheck(check: SignatureCheck): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(piece: Buffer, _encoding, callback: TransformCallback) {
      hash.update(piece);
      callback(null, piece);
    },
    flush(callback) {
      try {
        checkBodyHash(check.verified!, check.dialect, hash.digest('hex'));
      } catch (error) {
        callback(error as Error);
        return;
      }
      callback();
    },
  });
}

function sizeCheck(limit: BodyLimit): Transform {
  let sizeBytes = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, callback: TransformCallback) {
      sizeBytes += piece.length;
      if (sizeBytes > limit.maxBytes) callback(limit.error(sizeBytes));
      else callback(null, piece);
    },
  });
}

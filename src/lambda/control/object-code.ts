/** A package that is an object of S3: read by the seam *call*, as AWS's Lambda reads it with GetObject. */
import { AwsError } from '../../core/errors.ts';
import type { Call, Caller } from '../../ports/call.ts';
import { MAX_UNZIPPED_BYTES } from './control-limits.ts';
import { invalidParameter } from './lambda-errors.ts';

export interface CodeObject {
  readonly S3Bucket: string;
  readonly S3Key: string | undefined;
  readonly S3ObjectVersion: string | undefined;
}

/** Throws `InvalidParameterValueException` with S3's code and words, as recorded. */
export async function packageFromObject(call: Call, caller: Caller, code: CodeObject): Promise<Buffer> {
  const { S3Bucket: Bucket, S3Key: Key = '', S3ObjectVersion: VersionId } = code;
  const version = VersionId === undefined ? {} : { VersionId };
  const answer = await call(caller, 's3', 'GetObject', { Bucket, Key, ...version }).catch(refuse);
  const { Body } = answer as { readonly Body: Buffer | AsyncIterable<Uint8Array> };
  return Buffer.isBuffer(Body) ? Body : gathered(Body);
}

function refuse(error: unknown): never {
  // What S3 itself cannot do here is not the fault of the caller's parameters.
  if (!(error instanceof AwsError) || error.code === 'NotImplemented') throw error;
  const { code, message } = error;
  throw invalidParameter(
    `Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`,
  );
}

/** No zip that is larger than what it may hold can be a package. */
async function gathered(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > MAX_UNZIPPED_BYTES)
      throw invalidParameter(`Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

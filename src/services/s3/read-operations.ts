/** GetObject and HeadObject. */

import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { AwsError } from '../../core/errors.ts';
import type { StoredObject } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { BucketRecord } from './bucket-record.ts';
import type { ByteRange } from './byte-range.ts';
import { byteRange, contentRange } from './byte-range.ts';
import { expirationMember } from './lifecycle-rules.ts';
import type { ContentHeaders, ObjectAttributes } from './object-attributes.ts';
import { attributesOf, settingsOf } from './object-attributes.ts';
import { bytesOf, whatIsThere } from './object-bytes.ts';
import { checksumMembers } from './object-checksum.ts';
import { checkRead, quoted } from './preconditions.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { invalidRequest } from './s3-errors.ts';
import { findObject, versionMember } from './stored-version.ts';
import { refuseUnimplementedSettings } from './unimplemented.ts';

type ReadInput = Omit<GetObjectCommandInput, 'SSECustomerKey'>;
type ReadOutput = Omit<GetObjectCommandOutput, '$metadata' | 'Body'>;

interface Reading {
  readonly found: StoredObject;
  /** Absent for all of it. */
  readonly range: ByteRange | undefined;
  readonly output: ReadOutput;
}

export function readOperations(s3: S3Context): Required<Pick<S3Operations, 'GetObject' | 'HeadObject'>> {
  return {
    async GetObject(input, caller) {
      const bucket = bucketOf(s3, input);
      refuseUnimplementedSettings('GetObject', input);
      return whatIsThere(async () => {
        const { found, range, output } = await begin(s3, bucket, input, caller, 'GET');
        const all = { start: 0, end: found.sizeBytes };
        const Body: Buffer | AsyncIterable<Uint8Array> = await bytesOf(s3, found.content, range ?? all);
        return { ...output, Body } as GetObjectCommandOutput;
      });
    },

    async HeadObject(input, caller) {
      const bucket = bucketOf(s3, input);
      refuseUnimplementedSettings('HeadObject', input);
      return (await begin(s3, bucket, input, caller, 'HEAD')).output;
    },
  };
}

async function begin(
  s3: S3Context,
  bucket: BucketRecord,
  input: ReadInput,
  caller: RequestContext,
  method: string,
): Promise<Reading> {
  if (input.Range !== undefined && input.PartNumber !== undefined)
    throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
  const found = await findObject(s3, bucket, input, caller, method);
  const attributes = attributesOf(found);
  const conditions = {
    ifMatch: input.IfMatch,
    ifNoneMatch: input.IfNoneMatch,
    ifModifiedSince: input.IfModifiedSince,
    ifUnmodifiedSince: input.IfUnmodifiedSince,
  };
  // A reader who has the object is told which one that is.
  caller.answerHeaders['etag'] = quoted(found.etag);
  caller.answerHeaders['last-modified'] = new Date(found.modifiedMs).toUTCString();
  checkRead(conditions, found, s3.clock.now());
  const part = partRange(attributes, found, input.PartNumber);
  const range = part ?? byteRange(input.Range, found.sizeBytes);
  const { tags = [] } = settingsOf(found);
  const output: ReadOutput = {
    ...overridden(attributes.headers, input),
    AcceptRanges: 'bytes',
    LastModified: new Date(found.modifiedMs),
    ETag: quoted(found.etag),
    ContentLength: range === undefined ? found.sizeBytes : range.end - range.start,
    ...(range === undefined ? {} : { ContentRange: contentRange(range, found.sizeBytes) }),
    Metadata: attributes.metadata,
    ...(attributes.storageClass === undefined
      ? {}
      : { StorageClass: attributes.storageClass as 'STANDARD_IA' }),
    ...(tags.length === 0 ? {} : { TagCount: tags.length }),
    ...(part === undefined || attributes.parts === undefined ? {} : { PartsCount: attributes.parts.length }),
    // Recorded: a part of the bytes comes without the checksum of all.
    ...(input.ChecksumMode === 'ENABLED' && range === undefined ? checksumMembers(attributes.checksum) : {}),
    ...versionMember(bucket, found),
    // Recorded: of the latest version, and not to those who ask for a version by its id.
    ...(input.VersionId === undefined ? expirationMember(bucket.lifecycle?.rules, found) : {}),
  };
  return { found, range, output };
}

/** The bytes of one part; of an object that has not come in parts, the first is all of it. */
function partRange(
  { parts }: ObjectAttributes,
  { sizeBytes }: StoredObject,
  partNumber: number | undefined,
): ByteRange | undefined {
  if (partNumber === undefined) return undefined;
  let start = 0;
  for (const part of parts ?? [{ partNumber: 1, sizeBytes }]) {
    if (part.partNumber === partNumber) return { start, end: start + part.sizeBytes };
    start += part.sizeBytes;
  }
  throw new AwsError(
    'InvalidPartNumber',
    'The requested partnumber is not satisfiable',
    { PartNumberRequested: partNumber, ActualPartCount: parts?.length ?? 1 },
    416,
  );
}

/** Query parameters by which a reader chooses header fields, as presigned URLs do. */
function overridden(headers: ContentHeaders, input: ReadInput): ContentHeaders {
  const chosen = {
    ContentType: input.ResponseContentType,
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    Expires: input.ResponseExpires,
  };
  return {
    ...headers,
    ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)),
  };
}

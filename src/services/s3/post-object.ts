/** Uploads by HTML forms. Source: API reference, "POST Object"; words as recorded for "TestS3PresignedPost". */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PutObjectCommandInput, PutObjectCommandOutput } from '@aws-sdk/client-s3';
import { AwsError } from '../../core/errors.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { rootPrincipal } from '../../core/policy/principal.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Endpoint, RequestContext } from '../../ports/service.ts';
import { addressed } from './addressed-object.ts';
import type { BucketRecord } from './bucket-record.ts';
import { bucketArn } from './bucket-record.ts';
import { escapedXml, sendError } from './error-document.ts';
import type { Form } from './form-fields.ts';
import { readForm } from './form-fields.ts';
import { decidingPolicy } from './policy-operations.ts';
import type { SizeRange } from './post-policy.ts';
import { checkPolicy } from './post-policy.ts';
import { putObject } from './put-object.ts';
import type { S3Context } from './s3-context.ts';
import { invalidArgument } from './s3-errors.ts';

/** Says who has signed a form, and whether they may put the object. Throws where not. */
export type AdmitForm = (
  fields: ReadonlyMap<string, string>,
  resource: string,
  resourcePolicy: PolicyDocument | undefined,
) => Promise<Identity>;

/** Fields that a signed form has to have, of which the first says that it is one. */
const SIGNATURE_FIELDS = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature'];
const OLDER_SIGNATURE_FIELDS = ['AWSAccessKeyId', 'Signature'];

/** Fields by the members of PutObject that they become. */
const MEMBERS: Readonly<Record<string, keyof PutObjectCommandInput>> = {
  acl: 'ACL',
  'cache-control': 'CacheControl',
  'content-type': 'ContentType',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  'x-amz-storage-class': 'StorageClass',
  'x-amz-website-redirect-location': 'WebsiteRedirectLocation',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-checksum-crc32': 'ChecksumCRC32',
  'x-amz-checksum-crc32c': 'ChecksumCRC32C',
  'x-amz-checksum-crc64nvme': 'ChecksumCRC64NVME',
  'x-amz-checksum-sha1': 'ChecksumSHA1',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
};
/** What a key says where the name of the file is to be. */
const FILE_NAME = '\u0024{filename}';
const POSTED = { name: 'ObjectCreated:Post', reason: 'POST Object' } as const;
const METADATA_PREFIX = 'x-amz-meta-';

export function postEndpoint(s3: S3Context, admit: AdmitForm | undefined): Endpoint {
  return {
    pathPrefix: '/',
    serves: ({ method, headers }) =>
      method === 'POST' && headers['content-type']?.startsWith('multipart/form-data') === true,
    // The policy of a form says who may send it, wherever the page comes from.
    async handle(request, response) {
      const requestId = s3.ids.uuid();
      try {
        await post(s3, admit, { request, response, requestId });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        request.resume();
        sendError(response, requestId, error);
      }
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

async function post(s3: S3Context, admit: AdmitForm | undefined, exchange: Exchange): Promise<void> {
  const { request, requestId } = exchange;
  const [bucketName] = addressed(request);
  const bucket = s3.buckets.get(bucketName);
  const form = await readForm(request);
  const key = keyOf(form);
  const range = checkForm(form, bucket, key, s3.clock.now());
  const resource = `${bucketArn(bucket.name)}/${key}`;
  const identity = await admit?.(form.fields, resource, decidingPolicy(s3.buckets, resource));
  const aborting = new AbortController();
  request.once('close', () => request.complete || aborting.abort());
  const caller: RequestContext = {
    requestId,
    region: bucket.region,
    accountId: (identity?.principal ?? rootPrincipal(bucket.accountId)).accountId,
    accessKeyId: undefined,
    identity,
    headers: request.headers,
    origin: `http://${request.headers.host}`,
    signal: aborting.signal,
    answerHeaders: {},
  };
  const put = await putObject(s3, inputOf(form, bucket, key, range), caller, POSTED);
  answer(exchange, form, bucket, key, put);
}

function keyOf({ fields, fileName }: Form): string {
  const key = fields.get('key');
  if (key === undefined) throw missingField('key');
  return key.replaceAll(FILE_NAME, fileName);
}

/** The size that the file may have. Throws where the form may not be sent. */
function checkForm({ fields }: Form, bucket: BucketRecord, key: string, now: number): SizeRange | undefined {
  const policy = fields.get('policy');
  const isSigned = ['x-amz-signature', 'x-amz-algorithm', 'awsaccesskeyid', 'signature'].some((name) =>
    fields.has(name),
  );
  // Recorded: a form that nobody has signed comes from nobody, and such may not write.
  if (policy === undefined || !isSigned) throw new AwsError('AccessDenied', 'Access Denied', {}, 403);
  const isOlder = fields.has('signature') || fields.has('awsaccesskeyid');
  for (const name of isOlder ? OLDER_SIGNATURE_FIELDS : SIGNATURE_FIELDS)
    if (!fields.has(name.toLowerCase())) throw missingField(name);
  return checkPolicy(policy, new Map([...fields, ['bucket', bucket.name], ['key', key]]), now);
}

function missingField(name: string): AwsError {
  return invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
  );
}

function inputOf(
  { fields, file }: Form,
  bucket: BucketRecord,
  key: string,
  range: SizeRange | undefined,
): PutObjectCommandInput {
  const input: Record<string, unknown> = { Bucket: bucket.name, Key: key };
  const metadata: Record<string, string> = {};
  for (const [name, value] of fields) {
    const member = MEMBERS[name];
    if (member !== undefined) input[member] = value;
    else if (name.startsWith(METADATA_PREFIX)) metadata[name.slice(METADATA_PREFIX.length)] = value;
  }
  const expires = fields.get('expires');
  if (expires !== undefined) input['Expires'] = new Date(expires);
  const tagging = fields.get('tagging');
  if (tagging !== undefined) input['Tagging'] = taggingHeader(tagging);
  const Body = range === undefined ? file : sized(file, range);
  return {
    ...input,
    Metadata: metadata,
    Body: Body as PutObjectCommandInput['Body'],
  } as PutObjectCommandInput;
}

/** Tags come as the XML of PutObjectTagging; as the header has them they are a query. */
function taggingHeader(xml: string): string {
  const tags = [...xml.matchAll(/<Tag>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>/g)];
  return new URLSearchParams(
    tags.map(([, name = '', value = '']): [string, string] => [name, value]),
  ).toString();
}

/** The file, which ends in an error where its size is not within the range; it tells the whole size then. */
async function* sized(file: AsyncIterable<Uint8Array>, { min, max }: SizeRange): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of file) {
    bytes += piece.length;
    if (bytes <= max) yield piece;
  }
  if (bytes > max) {
    const members = { ProposedSize: bytes, MaxSizeAllowed: max };
    throw new AwsError(
      'EntityTooLarge',
      'Your proposed upload exceeds the maximum allowed size',
      members,
      400,
    );
  }
  if (bytes < min) {
    const members = { ProposedSize: bytes, MinSizeAllowed: min };
    throw new AwsError(
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      members,
      400,
    );
  }
}

function answer(
  { request, response, requestId }: Exchange,
  { fields }: Form,
  bucket: BucketRecord,
  key: string,
  { ETag: etag = '', VersionId: versionId }: Omit<PutObjectCommandOutput, '$metadata'>,
): void {
  const location = `http://${request.headers.host}/${bucket.name}/${encodeURIComponent(key)}`;
  const headers = {
    'x-amz-request-id': requestId,
    etag,
    ...(versionId === undefined ? {} : { 'x-amz-version-id': versionId }),
  };
  const redirect = redirectOf(fields, bucket, key, etag);
  if (redirect !== undefined) {
    response.writeHead(303, { ...headers, location: redirect }).end();
    return;
  }
  const status = fields.get('success_action_status');
  if (status !== '201') {
    response.writeHead(status === '200' ? 200 : 204, { ...headers, location }).end();
    return;
  }
  const members = { Location: location, Bucket: bucket.name, Key: key, ETag: etag };
  const text = Object.entries(members).map(([name, value]) => `<${name}>${escapedXml(value)}</${name}>`);
  response
    .writeHead(201, { ...headers, location, 'content-type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${text.join('')}</PostResponse>`);
}

/** Undefined for none; one that is no address is ignored, says the API reference. */
function redirectOf(
  fields: ReadonlyMap<string, string>,
  bucket: BucketRecord,
  key: string,
  etag: string,
): string | undefined {
  const given = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (given === undefined || !URL.canParse(given)) return undefined;
  const url = new URL(given);
  for (const [name, value] of Object.entries({ bucket: bucket.name, key, etag }))
    url.searchParams.append(name, value);
  return url.href;
}

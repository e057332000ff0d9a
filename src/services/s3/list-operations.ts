/** ListObjects, ListObjectsV2 and ListObjectVersions. */
import type { _Object, DeleteMarkerEntry, ObjectVersion as ListedVersion } from '@aws-sdk/client-s3';
import type { ListPage, ObjectVersion } from '../../ports/object-table.ts';
import { attributesOf } from './object-attributes.ts';
import { quoted } from './preconditions.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf, ownerId } from './s3-context.ts';
import { invalidArgument } from './s3-errors.ts';
import { checkedVersionId } from './stored-version.ts';

/** Source: API reference: a page has no more, whatever is asked for. */
const MAX_KEYS = 1000;

type ListOperations = Required<Pick<S3Operations, 'ListObjects' | 'ListObjectsV2' | 'ListObjectVersions'>>;

export function listOperations(s3: S3Context): ListOperations {
  return {
    async ListObjects(input) {
      const { name } = bucketOf(s3, input);
      const request = listRequest(input);
      const { Marker: marker = '' } = input;
      const page = await s3.objects.list({ ...request.range, bucket: name, after: marker });
      const { encode, isTruncated } = { ...request, ...truncation(page, request) };
      const last = lastName(page);
      return {
        Name: name,
        Marker: encode(marker),
        ...request.echo,
        IsTruncated: isTruncated,
        // Source: API reference: only lists with a delimiter tell it.
        ...(isTruncated && last !== undefined && request.range.delimiter !== ''
          ? { NextMarker: encode(last) }
          : {}),
        ...contents(page, encode, true),
      };
    },

    async ListObjectsV2(input) {
      const { name } = bucketOf(s3, input);
      const request = listRequest(input);
      const { ContinuationToken: token, StartAfter: startAfter } = input;
      if (token === '') throw wrongToken();
      const after = token === undefined ? (startAfter ?? '') : keyOfToken(token);
      const page = await s3.objects.list({ ...request.range, bucket: name, after });
      const { encode, isTruncated } = { ...request, ...truncation(page, request) };
      const last = lastName(page);
      return {
        Name: name,
        ...request.echo,
        KeyCount: page.entries.length,
        IsTruncated: isTruncated,
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...(startAfter === undefined ? {} : { StartAfter: encode(startAfter) }),
        ...(isTruncated && last !== undefined ? { NextContinuationToken: tokenOfKey(last) } : {}),
        ...contents(page, encode, input.FetchOwner === true),
      };
    },

    async ListObjectVersions(input) {
      const { name } = bucketOf(s3, input);
      const request = listRequest(input);
      const { KeyMarker: keyMarker = '', VersionIdMarker: versionMarker } = input;
      const marker = await versionMarkerSequence(s3, name, keyMarker, versionMarker);
      const range = { ...request.range, bucket: name, after: keyMarker };
      const page = await s3.objects.listVersions({
        ...range,
        ...(marker === undefined ? {} : { afterSequence: marker }),
      });
      const { encode, isTruncated } = { ...request, ...truncation(page, request) };
      const last = page.entries.at(-1);
      return {
        Name: name,
        ...request.echo,
        KeyMarker: encode(keyMarker),
        VersionIdMarker: versionMarker ?? '',
        IsTruncated: isTruncated,
        ...(isTruncated && last !== undefined
          ? {
              NextKeyMarker: encode(typeof last === 'string' ? last : last.key),
              ...(typeof last === 'string' ? {} : { NextVersionIdMarker: last.versionId }),
            }
          : {}),
        ...versions(page, encode),
      };
    },
  };
}

export interface ListInput {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
  readonly EncodingType?: string | undefined;
}

export function listRequest(input: ListInput) {
  const { Prefix: prefix = '', Delimiter: delimiter = '', MaxKeys: maxKeys = MAX_KEYS } = input;
  const encode = encoderOf(input.EncodingType);
  if (maxKeys < 0)
    throw invalidArgument('Argument maxKeys must be an integer between 0 and 2147483647', 'maxKeys', maxKeys);
  const limit = Math.min(maxKeys, MAX_KEYS);
  return {
    range: { prefix, delimiter, limit },
    encode,
    /** What an answer repeats of its request. */
    echo: {
      Prefix: encode(prefix),
      ...(delimiter === '' ? {} : { Delimiter: encode(delimiter) }),
      MaxKeys: limit,
      ...(input.EncodingType === undefined ? {} : { EncodingType: 'url' as const }),
    },
  };
}

/** XML cannot hold every character of a key: clients ask for them as in URLs. */
function encoderOf(encodingType: string | undefined): (text: string) => string {
  if (encodingType === undefined) return (text) => text;
  if (encodingType === 'url') return urlEncoded;
  throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType);
}

/** As S3 does: slashes stay, spaces become plus signs. */
function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replace(/[!'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A page of none is whole: it has nothing to go on from. */
function truncation(page: ListPage<unknown>, { range }: { readonly range: { readonly limit: number } }) {
  return { isTruncated: page.isTruncated && range.limit > 0 };
}

function lastName(page: ListPage<ObjectVersion>): string | undefined {
  const last = page.entries.at(-1);
  return typeof last === 'string' ? last : last?.key;
}

function contents(page: ListPage<ObjectVersion>, encode: (text: string) => string, withOwner: boolean) {
  const Contents = versionsOf(page).map(
    (version): _Object => ({ ...listed(version, encode), ...(withOwner ? owner(version) : {}) }),
  );
  return { ...(Contents.length === 0 ? {} : { Contents }), ...commonPrefixes(page, encode) };
}

function versions(page: ListPage<ObjectVersion>, encode: (text: string) => string) {
  const Versions: ListedVersion[] = [];
  const DeleteMarkers: DeleteMarkerEntry[] = [];
  for (const version of versionsOf(page)) {
    const { versionId: VersionId, isLatest: IsLatest, isDeleteMarker } = version;
    if (isDeleteMarker) {
      const LastModified = new Date(version.modifiedMs);
      DeleteMarkers.push({ ...owner(version), Key: encode(version.key), VersionId, IsLatest, LastModified });
    } else {
      // The SDK's type knows but one storage class here.
      Versions.push({ ...listed(version, encode), ...owner(version), VersionId, IsLatest } as ListedVersion);
    }
  }
  return {
    ...(Versions.length === 0 ? {} : { Versions }),
    ...(DeleteMarkers.length === 0 ? {} : { DeleteMarkers }),
    ...commonPrefixes(page, encode),
  };
}

function listed(version: ObjectVersion, encode: (text: string) => string): _Object {
  const { checksum, storageClass = 'STANDARD' } = attributesOf(version);
  return {
    Key: encode(version.key),
    LastModified: new Date(version.modifiedMs),
    ETag: quoted(version.etag),
    ...(checksum === undefined
      ? {}
      : { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type }),
    Size: version.sizeBytes,
    StorageClass: storageClass as 'STANDARD',
  };
}

function owner(version: ObjectVersion) {
  return { Owner: { ID: ownerId(attributesOf(version).ownerId) } };
}

function versionsOf(page: ListPage<ObjectVersion>): ObjectVersion[] {
  return page.entries.filter((entry): entry is ObjectVersion => typeof entry !== 'string');
}

export function commonPrefixes(page: ListPage<unknown>, encode: (text: string) => string) {
  const rolled = page.entries.filter((entry): entry is string => typeof entry === 'string');
  return rolled.length === 0 ? {} : { CommonPrefixes: rolled.map((Prefix) => ({ Prefix: encode(Prefix) })) };
}

/**
 * The number of the version after which a list of versions goes on. Of a version that was removed since, nobody
 * knows it: the list goes on with all that its key still has, as those who delete page by page need it.
 */
async function versionMarkerSequence(
  { objects }: S3Context,
  bucket: string,
  keyMarker: string,
  versionMarker: string | undefined,
): Promise<number | undefined> {
  if (versionMarker === undefined || versionMarker === '') return undefined;
  if (keyMarker === '') {
    const message = 'A version-id marker cannot be specified without a key marker.';
    throw invalidArgument(message, 'version-id-marker', versionMarker);
  }
  const found = await objects.find(bucket, keyMarker, checkedVersionId(versionMarker));
  return found?.sequence ?? Number.MAX_SAFE_INTEGER;
}

/** Marks a token as one of ours: others are refused. */
const TOKEN_MARK = 'k';

function tokenOfKey(key: string): string {
  return Buffer.from(TOKEN_MARK + key).toString('base64url');
}

function keyOfToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(TOKEN_MARK) || tokenOfKey(text.slice(1)) !== token) throw wrongToken();
  return text.slice(1);
}

function wrongToken(): Error {
  return invalidArgument('The continuation token provided is incorrect', 'continuation-token');
}

/** What is kept of a version beside its bytes. */
import { AwsError } from '../../core/errors.ts';
import type { ObjectVersion } from '../../ports/object-table.ts';
import type { ObjectChecksum } from './object-checksum.ts';
import { invalidArgument, notImplemented } from './s3-errors.ts';

/** Never changes. */
export interface ObjectAttributes {
  /** Header fields that come back as they were given. */
  readonly headers: ContentHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum?: ObjectChecksum;
  /** Absent for STANDARD. */
  readonly storageClass?: string;
  /** Of an object uploaded in parts. */
  readonly parts?: readonly ObjectPart[];
  /** Whose the object is: twelve digits. */
  readonly ownerId: string;
}

export interface ObjectPart {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly checksum?: ObjectChecksum;
}

/** May be changed. */
export interface ObjectSettings {
  readonly tags?: readonly ObjectTag[];
}

export interface ObjectTag {
  readonly Key: string;
  readonly Value: string;
}

/** By the names of the members of inputs and outputs. */
export interface ContentHeaders {
  readonly ContentType?: string;
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly Expires?: Date;
  readonly WebsiteRedirectLocation?: string;
}

/** Recorded, of an object whose sender names none. */
const DEFAULT_TYPE = 'binary/octet-stream';

/** Source: user guide, "Working with object metadata": names and values of user-defined metadata together. */
const MAX_METADATA_BYTES = 2 * 1024;

const CLASSES = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'REDUCED_REDUNDANCY',
  'GLACIER_IR',
];
/** Not to be read until they are restored. */
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE'];

export interface AttributesInput {
  readonly Metadata?: Record<string, string> | undefined;
  readonly StorageClass?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly Expires?: Date | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
}

export function contentHeaders(input: AttributesInput): ContentHeaders {
  const { CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, Expires } = input;
  const { WebsiteRedirectLocation, ContentType = DEFAULT_TYPE } = input;
  const given = { CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, Expires };
  const headers = { ContentType, ...given, WebsiteRedirectLocation };
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

export function checkedMetadata({ Metadata = {} }: AttributesInput): Readonly<Record<string, string>> {
  let bytes = 0;
  for (const [name, value] of Object.entries(Metadata))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (bytes <= MAX_METADATA_BYTES) return Metadata;
  throw metadataTooLarge(bytes);
}

/** Throws `InvalidStorageClass`. */
export function checkedStorageClass(operation: string, { StorageClass: name }: AttributesInput) {
  if (name === undefined || name === 'STANDARD') return {};
  if (CLASSES.includes(name)) return { storageClass: name };
  if (ARCHIVES.includes(name)) throw notImplemented(operation, `the storage class ${name}`);
  throw new AwsError(
    'InvalidStorageClass',
    'The storage class you specified is not valid',
    { StorageClassRequested: name },
    400,
  );
}

export function attributesOf({ attributes }: Pick<ObjectVersion, 'attributes'>): ObjectAttributes {
  return parsedAttributes<ObjectAttributes>(attributes);
}

/** JSON has no dates: the one that attributes may have is made one again. */
export function parsedAttributes<Attributes>(json: string): Attributes {
  return JSON.parse(json, (name, value: unknown) =>
    name === 'Expires' && typeof value === 'string' ? new Date(value) : value,
  ) as Attributes;
}

export function settingsOf({ settings }: Pick<ObjectVersion, 'settings'>): ObjectSettings {
  return JSON.parse(settings) as ObjectSettings;
}

/** Source: user guide, "Creating object key names". */
const MAX_KEY_BYTES = 1024;

export function checkKey(key: string | undefined): string {
  if (key === undefined || key === '') throw invalidArgument('Object key must not be empty', 'key', '');
  const bytes = Buffer.byteLength(key);
  if (bytes <= MAX_KEY_BYTES) return key;
  throw new AwsError(
    'KeyTooLongError',
    'Your key is too long',
    { Size: bytes, MaxSizeAllowed: MAX_KEY_BYTES },
    400,
  );
}

function metadataTooLarge(bytes: number): AwsError {
  return new AwsError(
    'MetadataTooLarge',
    'Your metadata headers exceed the maximum allowed metadata size',
    { Size: bytes, MaxSizeAllowed: MAX_METADATA_BYTES },
    400,
  );
}

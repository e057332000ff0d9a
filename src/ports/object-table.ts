/**
 * Buckets, versions of objects and uploads in parts: all that is known of objects but the bytes of large
 * ones, which are in a `ContentStore`. Calls are carried out one after the other in the order they were
 * made; a change is durable when its call resolves.
 */

/** A run of bytes in the content store. */
export interface ContentPiece {
  /** See `ContentStore`. */
  readonly id: number;
  readonly sizeBytes: number;
}

/** The bytes themselves where there are few, else where they are. */
export type ObjectContent = Uint8Array | readonly ContentPiece[];

export interface ObjectVersion {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  /** Grows with every version, whatever its key: of two versions of a key, the one with more is newer. */
  readonly sequence: number;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
  /** Service time, epoch milliseconds. */
  readonly modifiedMs: number;
  readonly etag: string;
  readonly sizeBytes: number;
  /** What never changes of a version, as JSON that its service alone reads. */
  readonly attributes: string;
  /** What may change of it, likewise. */
  readonly settings: string;
}

export interface StoredObject extends ObjectVersion {
  readonly content: ObjectContent;
}

export type NewVersion = Omit<StoredObject, 'isLatest'>;

/** Whether the latest version has this ETag; whether there is none. A delete marker counts as none. */
export interface WriteCondition {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: true;
}

/** An event that is to be delivered, kept in the same commit as what it tells of. */
export interface NewNotification {
  readonly target: string;
  readonly body: string;
  /** Service time of the next attempt. */
  readonly dueMs: number;
}

export interface Notification extends NewNotification {
  readonly id: number;
  readonly attempts: number;
}

/** What the write of a version came to. `superseded` names the pieces that nothing refers to any more. */
export type PutOutcome =
  | { readonly kind: 'stored'; readonly superseded: readonly number[] }
  | { readonly kind: 'no-bucket' }
  /** A part that was to be part of the object is not what it was. */
  | { readonly kind: 'no-upload' }
  /** The condition does not hold. */
  | { readonly kind: 'refused'; readonly current: ObjectVersion | undefined };

export interface VersionPut {
  readonly version: NewVersion;
  readonly condition?: WriteCondition;
  readonly notifications?: readonly NewNotification[];
  /** The upload that ends with it, and the numbers of those of its parts that the version is made of. */
  readonly upload?: { readonly uploadId: string; readonly partSequences: readonly number[] };
}

export interface VersionRemoval {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  /** The number that the removal itself was given: never given again, though no version has it. */
  readonly sequence: number;
  readonly condition?: WriteCondition;
  /** Kept only if there was such a version. */
  readonly notifications: readonly NewNotification[];
}

export type RemovalOutcome =
  | {
      readonly kind: 'removed';
      readonly version: ObjectVersion | undefined;
      readonly superseded: readonly number[];
    }
  | { readonly kind: 'refused'; readonly current: ObjectVersion | undefined };

/** Which entries a list begins with and holds; keys are in the order of their UTF-8 bytes. */
export interface ListRange {
  readonly bucket: string;
  readonly prefix: string;
  /** Keys that have it behind the prefix are rolled up into one entry. Empty for none. */
  readonly delimiter: string;
  /** Only entries behind this key, or behind everything that begins with it, where it is a rolled-up one. */
  readonly after: string;
  /** Of the key `after`, entries with a smaller number are still to come (versions), or a greater one (uploads). */
  readonly afterSequence?: number;
  readonly limit: number;
}

/** Entries in order, rolled-up ones among them as text. */
export interface ListPage<Entry> {
  readonly entries: readonly (Entry | string)[];
  readonly isTruncated: boolean;
}

export interface StoredUpload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly sequence: number;
  readonly startedMs: number;
  /** As of versions. */
  readonly attributes: string;
}

export interface StoredPart {
  readonly uploadId: string;
  readonly partNumber: number;
  readonly sequence: number;
  readonly modifiedMs: number;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly attributes: string;
  readonly piece: ContentPiece;
}

export interface StoredBucket {
  readonly name: string;
  /** JSON that its service alone reads. */
  readonly record: string;
}

/** Rejects with `PlatformError` where the disk refuses; then nothing has changed. */
export interface ObjectTable {
  /** The greatest sequence ever used. */
  readonly lastSequence: number;
  buckets(): Promise<readonly StoredBucket[]>;
  putBucket(bucket: StoredBucket): Promise<void>;
  /** False, and nothing has changed, where it has versions of objects; its uploads end with it. */
  removeBucket(
    name: string,
  ): Promise<{ readonly isRemoved: boolean; readonly superseded: readonly number[] }>;

  put(put: VersionPut): Promise<PutOutcome>;
  remove(removal: VersionRemoval): Promise<RemovalOutcome>;
  /** Gives a version other settings; false where there is none with that sequence any more. */
  set(sequence: number, settings: string): Promise<boolean>;
  /** The version with that id, or the latest one, delete markers included. */
  find(bucket: string, key: string, versionId?: string): Promise<StoredObject | undefined>;
  /** Latest versions that are no delete markers. */
  list(range: ListRange): Promise<ListPage<ObjectVersion>>;
  /** All versions, of each key the newest first. */
  listVersions(range: ListRange): Promise<ListPage<ObjectVersion>>;

  /** False where there is no such bucket. */
  putUpload(upload: StoredUpload): Promise<boolean>;
  findUpload(uploadId: string): Promise<StoredUpload | undefined>;
  listUploads(range: ListRange): Promise<ListPage<StoredUpload>>;
  /** Takes the place of a part with the same number. The pieces given up; undefined where there is no such upload. */
  putPart(part: StoredPart): Promise<readonly number[] | undefined>;
  /** In the order of their numbers. */
  parts(uploadId: string): Promise<readonly StoredPart[]>;
  /** The pieces of its parts; undefined where there is no such upload. */
  removeUpload(uploadId: string): Promise<readonly number[] | undefined>;

  /** Notifications due by then, in order of their due times. */
  notifications(untilMs: number, limit: number): Promise<readonly Notification[]>;
  /** When the first notification is due; undefined where there is none. */
  nextNotificationMs(): Promise<number | undefined>;
  postponeNotification(id: number, dueMs: number): Promise<void>;
  removeNotification(id: number): Promise<void>;

  /** Every piece that something refers to. */
  pieces(): Promise<readonly number[]>;
}

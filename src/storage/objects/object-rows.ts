/** Rows of the objects file as the port shows them. */
import type {
  ContentPiece,
  Notification,
  ObjectVersion,
  StoredPart,
  StoredUpload,
} from '../../ports/object-table.ts';

export type Row = Readonly<Record<string, unknown>>;

/** What of a version every reader wants. */
export const VERSION_COLUMNS =
  'sequence, bucket, key, version, latest, marker, modified, etag, size, attributes, settings';

export function versionOf(row: Row): ObjectVersion {
  return {
    bucket: row['bucket'] as string,
    key: row['key'] as string,
    versionId: row['version'] as string,
    sequence: row['sequence'] as number,
    isLatest: row['latest'] === 1,
    isDeleteMarker: row['marker'] === 1,
    modifiedMs: row['modified'] as number,
    etag: row['etag'] as string,
    sizeBytes: row['size'] as number,
    attributes: row['attributes'] as string,
    settings: row['settings'] as string,
  };
}

export function pieceOf(row: Row): ContentPiece {
  return { id: row['id'] as number, sizeBytes: row['size'] as number };
}

export function uploadOf(row: Row): StoredUpload {
  return {
    bucket: row['bucket'] as string,
    key: row['key'] as string,
    uploadId: row['upload'] as string,
    sequence: row['sequence'] as number,
    startedMs: row['started'] as number,
    attributes: row['attributes'] as string,
  };
}

export function partOf(row: Row): StoredPart {
  return {
    uploadId: row['upload'] as string,
    partNumber: row['number'] as number,
    sequence: row['sequence'] as number,
    modifiedMs: row['modified'] as number,
    etag: row['etag'] as string,
    sizeBytes: row['size'] as number,
    attributes: row['attributes'] as string,
    piece: { id: row['piece'] as number, sizeBytes: row['size'] as number },
  };
}

export function notificationOf(row: Row): Notification {
  return {
    id: row['id'] as number,
    dueMs: row['due'] as number,
    attempts: row['attempts'] as number,
    target: row['target'] as string,
    body: row['body'] as string,
  };
}

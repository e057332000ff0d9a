/** What is read of the objects file. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type {
  ListPage,
  ListRange,
  ObjectVersion,
  StoredObject,
  StoredUpload,
} from '../../ports/object-table.ts';
import { KeyLister } from './key-listing.ts';
import {
  notificationOf,
  partOf,
  pieceOf,
  type Row,
  uploadOf,
  VERSION_COLUMNS,
  versionOf,
} from './object-rows.ts';

export class ObjectReader {
  private readonly current: KeyLister<ObjectVersion>;
  private readonly versions: KeyLister<ObjectVersion>;
  private readonly uploadList: KeyLister<StoredUpload>;
  private readonly statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.statements = prepare(database);
    this.current = new KeyLister(database, {
      select: `SELECT ${VERSION_COLUMNS} FROM versions WHERE latest = 1 AND marker = 0 AND bucket = ?`,
      order: 'ORDER BY key',
      rest: 'sequence < ?',
      entryOf: versionOf,
    });
    this.versions = new KeyLister(database, {
      select: `SELECT ${VERSION_COLUMNS} FROM versions WHERE bucket = ?`,
      order: 'ORDER BY key, sequence DESC',
      rest: 'sequence < ?',
      entryOf: versionOf,
    });
    this.uploadList = new KeyLister(database, {
      select: 'SELECT * FROM uploads WHERE bucket = ?',
      order: 'ORDER BY key, sequence',
      rest: 'sequence > ?',
      entryOf: uploadOf,
    });
  }

  lastSequence(): number {
    const highest = [this.statements.lastVersion, this.statements.lastUpload, this.statements.lastPart].map(
      (statement) => Number(statement.get()?.['last'] ?? 0),
    );
    return Math.max(...highest);
  }

  buckets(): Row[] {
    return this.statements.buckets.all();
  }

  find(bucket: string, key: string, versionId: string | undefined): StoredObject | undefined {
    const row =
      versionId === undefined
        ? this.statements.latest.get(bucket, key)
        : this.statements.version.get(bucket, key, versionId);
    if (row === undefined) return undefined;
    const version = versionOf(row);
    const inline = row['content'] as Uint8Array | null;
    return { ...version, content: inline ?? this.statements.pieces.all(version.sequence).map(pieceOf) };
  }

  list(range: ListRange): ListPage<ObjectVersion> {
    return this.current.page(range);
  }

  listVersions(range: ListRange): ListPage<ObjectVersion> {
    return this.versions.page(range);
  }

  listUploads(range: ListRange): ListPage<StoredUpload> {
    return this.uploadList.page(range);
  }

  findUpload(uploadId: string): StoredUpload | undefined {
    const row = this.statements.upload.get(uploadId);
    return row && uploadOf(row);
  }

  parts(uploadId: string) {
    return this.statements.parts.all(uploadId).map(partOf);
  }

  notifications(untilMs: number, limit: number) {
    return this.statements.due.all(untilMs, limit).map(notificationOf);
  }

  nextNotificationMs(): number | undefined {
    const next = this.statements.nextDue.get()?.['next'] as SQLInputValue | undefined;
    return typeof next === 'number' ? next : undefined;
  }

  allPieces(): number[] {
    return this.statements.allPieces.all().map(({ id }) => id as number);
  }
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => database.prepare(sql);
  const select = `SELECT ${VERSION_COLUMNS}, content FROM versions WHERE bucket = ? AND key = ?`;
  return {
    // AUTOINCREMENT remembers it when the version has gone.
    lastVersion: statement("SELECT seq AS last FROM sqlite_sequence WHERE name = 'versions'"),
    lastUpload: statement('SELECT max(sequence) AS last FROM uploads'),
    lastPart: statement('SELECT max(sequence) AS last FROM parts'),
    buckets: statement('SELECT name, record FROM buckets ORDER BY name'),
    latest: statement(`${select} ORDER BY sequence DESC LIMIT 1`),
    version: statement(`${select} AND version = ?`),
    pieces: statement('SELECT id, size FROM pieces WHERE owner = ? ORDER BY position'),
    upload: statement('SELECT * FROM uploads WHERE upload = ?'),
    parts: statement('SELECT * FROM parts WHERE upload = ? ORDER BY number'),
    due: statement('SELECT * FROM notifications WHERE due <= ? ORDER BY due, id LIMIT ?'),
    nextDue: statement('SELECT min(due) AS next FROM notifications'),
    allPieces: statement('SELECT id FROM pieces UNION ALL SELECT piece FROM parts'),
  };
}

/** Changes of the objects file, each within a transaction that its caller has begun. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type {
  NewNotification,
  NewVersion,
  ObjectVersion,
  PutOutcome,
  RemovalOutcome,
  StoredBucket,
  StoredPart,
  StoredUpload,
  VersionPut,
  VersionRemoval,
  WriteCondition,
} from '../../ports/object-table.ts';
import { pieceOf, type Row, VERSION_COLUMNS, versionOf } from './object-rows.ts';

/** Numbers that AUTOINCREMENT would give again, since no version was inserted with them. */
const USE_SEQUENCE = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'versions'";

export class ObjectWriter {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  putBucket({ name, record }: StoredBucket): void {
    this.run('INSERT OR REPLACE INTO buckets VALUES (?, ?)', name, record);
  }

  removeBucket(name: string): { isRemoved: boolean; superseded: number[] } {
    const object = this.row('SELECT 1 FROM versions WHERE bucket = ? LIMIT 1', name);
    if (object !== undefined) return { isRemoved: false, superseded: [] };
    const superseded = this.rows('SELECT upload FROM uploads WHERE bucket = ?', name).flatMap(
      ({ upload }) => this.removeUpload(upload as string) ?? [],
    );
    this.run('DELETE FROM buckets WHERE name = ?', name);
    return { isRemoved: true, superseded };
  }

  put({ version, condition, notifications, upload }: VersionPut): PutOutcome {
    const { bucket, key, versionId } = version;
    if (!this.hasBucket(bucket)) return { kind: 'no-bucket' };
    const current = this.latest(bucket, key);
    if (!holds(condition, current)) return { kind: 'refused', current };
    const superseded: number[] = [];
    if (upload !== undefined) {
      const kept = new Set(upload.partSequences);
      const parts = this.rows('SELECT sequence, piece FROM parts WHERE upload = ?', upload.uploadId);
      if (parts.filter(({ sequence }) => kept.has(sequence as number)).length < kept.size)
        return { kind: 'no-upload' };
      this.dropUpload(upload.uploadId);
      for (const { sequence, piece } of parts)
        if (!kept.has(sequence as number)) superseded.push(piece as number);
    }
    const before = versionId === 'null' ? this.versionRow(bucket, key, versionId) : undefined;
    if (before !== undefined) superseded.push(...this.drop(before));
    if (current !== undefined)
      this.run('UPDATE versions SET latest = 0 WHERE sequence = ?', current.sequence);
    this.insert(version);
    this.notify(notifications ?? []);
    return { kind: 'stored', superseded };
  }

  remove(removal: VersionRemoval): RemovalOutcome {
    const { bucket, key, versionId, sequence, condition, notifications } = removal;
    if (condition !== undefined) {
      const current = this.latest(bucket, key);
      if (!holds(condition, current)) return { kind: 'refused', current };
    }
    const version = this.versionRow(bucket, key, versionId);
    if (version === undefined) return { kind: 'removed', version, superseded: [] };
    this.run(USE_SEQUENCE, sequence);
    const superseded = this.drop(version);
    if (version.isLatest) {
      const next = this.latest(bucket, key);
      if (next !== undefined) this.run('UPDATE versions SET latest = 1 WHERE sequence = ?', next.sequence);
    }
    this.notify(notifications);
    return { kind: 'removed', version, superseded };
  }

  set(sequence: number, settings: string): boolean {
    return this.run('UPDATE versions SET settings = ? WHERE sequence = ?', settings, sequence) > 0;
  }

  putUpload({ uploadId, bucket, key, sequence, startedMs, attributes }: StoredUpload): boolean {
    if (!this.hasBucket(bucket)) return false;
    const into = 'INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?)';
    this.run(into, uploadId, bucket, key, sequence, startedMs, attributes);
    return true;
  }

  putPart(part: StoredPart): number[] | undefined {
    const { uploadId, partNumber, sequence, modifiedMs, etag, sizeBytes, attributes, piece } = part;
    if (this.row('SELECT 1 FROM uploads WHERE upload = ?', uploadId) === undefined) return undefined;
    const before = this.row('SELECT piece FROM parts WHERE upload = ? AND number = ?', uploadId, partNumber);
    const into = 'INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
    this.run(into, uploadId, partNumber, sequence, modifiedMs, etag, sizeBytes, attributes, piece.id);
    return before === undefined ? [] : [before['piece'] as number];
  }

  removeUpload(uploadId: string): number[] | undefined {
    if (this.row('SELECT 1 FROM uploads WHERE upload = ?', uploadId) === undefined) return undefined;
    const pieces = this.rows('SELECT piece FROM parts WHERE upload = ?', uploadId);
    this.dropUpload(uploadId);
    return pieces.map(({ piece }) => piece as number);
  }

  postponeNotification(id: number, dueMs: number): void {
    this.run('UPDATE notifications SET due = ?, attempts = attempts + 1 WHERE id = ?', dueMs, id);
  }

  removeNotification(id: number): void {
    this.run('DELETE FROM notifications WHERE id = ?', id);
  }

  private notify(notifications: readonly NewNotification[]): void {
    for (const { dueMs, target, body } of notifications) {
      const into = 'INSERT INTO notifications (due, attempts, target, body) VALUES (?, 0, ?, ?)';
      this.run(into, dueMs, target, body);
    }
  }

  private hasBucket(name: string): boolean {
    return this.row('SELECT 1 FROM buckets WHERE name = ?', name) !== undefined;
  }

  private insert(version: NewVersion): void {
    const { bucket, key, versionId, sequence, isDeleteMarker, modifiedMs, etag, sizeBytes } = version;
    const { attributes, settings, content } = version;
    const inline = content instanceof Uint8Array ? content : null;
    this.run(
      'INSERT INTO versions VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)',
      ...[sequence, bucket, key, versionId, isDeleteMarker ? 1 : 0, modifiedMs, etag, sizeBytes],
      ...[attributes, settings, inline],
    );
    if (content instanceof Uint8Array) return;
    content.forEach(({ id, sizeBytes: size }, position) => {
      this.run('INSERT INTO pieces VALUES (?, ?, ?, ?)', sequence, position, id, size);
    });
  }

  /** The numbers of the pieces it was made of. */
  private drop({ sequence }: ObjectVersion): number[] {
    const pieces = this.rows('SELECT id, size FROM pieces WHERE owner = ?', sequence).map(pieceOf);
    this.run('DELETE FROM pieces WHERE owner = ?', sequence);
    this.run('DELETE FROM versions WHERE sequence = ?', sequence);
    return pieces.map(({ id }) => id);
  }

  private dropUpload(uploadId: string): void {
    this.run('DELETE FROM parts WHERE upload = ?', uploadId);
    this.run('DELETE FROM uploads WHERE upload = ?', uploadId);
  }

  private latest(bucket: string, key: string): ObjectVersion | undefined {
    const query = `SELECT ${VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key = ? ORDER BY sequence DESC LIMIT 1`;
    const row = this.row(query, bucket, key);
    return row && versionOf(row);
  }

  private versionRow(bucket: string, key: string, versionId: string): ObjectVersion | undefined {
    const query = `SELECT ${VERSION_COLUMNS} FROM versions WHERE bucket = ? AND key = ? AND version = ?`;
    const row = this.row(query, bucket, key, versionId);
    return row && versionOf(row);
  }

  private run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.statement(sql).run(...values).changes);
  }

  private row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.statement(sql).get(...values);
  }

  private rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.statement(sql).all(...values);
  }

  private statement(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

function holds(condition: WriteCondition | undefined, current: ObjectVersion | undefined): boolean {
  const etag = current === undefined || current.isDeleteMarker ? undefined : current.etag;
  if (condition?.ifNoneMatch === true && etag !== undefined) return false;
  return condition?.ifMatch === undefined || condition.ifMatch === etag;
}

export const OBJECTS_SCHEMA_VERSION = 1;

/**
 * Texts compare by their UTF-8 bytes, which is S3's order of keys. The content of a version stands last in its
 * row, so that lists, which do not read it, do not touch its pages.
 */
export const OBJECTS_SCHEMA = `
  CREATE TABLE buckets (name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE versions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
    latest INTEGER NOT NULL, marker INTEGER NOT NULL, modified INTEGER NOT NULL, etag TEXT NOT NULL,
    size INTEGER NOT NULL, attributes TEXT NOT NULL, settings TEXT NOT NULL, content BLOB
  );
  CREATE INDEX versions_of_key ON versions (bucket, key, sequence DESC, version);
  CREATE UNIQUE INDEX current_objects ON versions (bucket, key) WHERE latest = 1 AND marker = 0;
  CREATE TABLE pieces (
    owner INTEGER NOT NULL, position INTEGER NOT NULL, id INTEGER NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (owner, position)
  ) WITHOUT ROWID;
  CREATE TABLE uploads (
    upload TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, sequence INTEGER NOT NULL,
    started INTEGER NOT NULL, attributes TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX uploads_of_key ON uploads (bucket, key, sequence);
  CREATE TABLE parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, sequence INTEGER NOT NULL, modified INTEGER NOT NULL,
    etag TEXT NOT NULL, size INTEGER NOT NULL, attributes TEXT NOT NULL, piece INTEGER NOT NULL,
    PRIMARY KEY (upload, number)
  ) WITHOUT ROWID;
  CREATE TABLE notifications (
    id INTEGER PRIMARY KEY, due INTEGER NOT NULL, attempts INTEGER NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX notifications_by_due ON notifications (due, id)`;

export const LOGS_SCHEMA_VERSION = 1;

/**
 * `groups` and `streams` give short numbers to names. A chunk's number is its sequence: AUTOINCREMENT
 * never gives one out twice. The indexes serve reading by time in both directions, of one stream and
 * of a whole group.
 */
export const LOGS_SCHEMA = `
  CREATE TABLE groups (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, name TEXT NOT NULL,
    created_ms INTEGER NOT NULL, last_event_ms INTEGER NOT NULL DEFAULT -1, last_ingested_ms INTEGER,
    UNIQUE (group_id, name)
  );
  CREATE INDEX streams_by_last_event ON streams (group_id, last_event_ms, name);
  CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, stream_id INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, ingested_ms INTEGER NOT NULL,
    count INTEGER NOT NULL, bytes INTEGER NOT NULL, compressed INTEGER NOT NULL, data BLOB NOT NULL
  );
  CREATE INDEX chunks_of_stream_first ON chunks (stream_id, first_ms);
  CREATE INDEX chunks_of_stream_last ON chunks (stream_id, last_ms);
  CREATE INDEX chunks_of_group_first ON chunks (group_id, first_ms);
  CREATE INDEX chunks_of_group_last ON chunks (group_id, last_ms)`;

export const ITEMS_SCHEMA_VERSION = 1;

/**
 * Blobs compare as unsigned bytes. Items lie in the order in which they came, with their keys in an index: in the order
 * of keys, each write would change a page of its own, and what exceeds a quarter of a page would take a whole one more.
 */
export const ITEMS_SCHEMA = `
  CREATE TABLE items (
    id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, k0 BLOB NOT NULL, k1 BLOB NOT NULL, size INTEGER NOT NULL,
    expires INTEGER, item TEXT NOT NULL, UNIQUE (owner, k0, k1)
  );
  CREATE INDEX items_by_expiry ON items (owner, expires) WHERE expires IS NOT NULL;
  CREATE TABLE entries (
    owner INTEGER NOT NULL, k0 BLOB NOT NULL, k1 BLOB NOT NULL, k2 BLOB NOT NULL, k3 BLOB NOT NULL,
    size INTEGER NOT NULL, PRIMARY KEY (owner, k0, k1, k2, k3)
  ) WITHOUT ROWID;
  CREATE TABLE tallies (owner INTEGER PRIMARY KEY, count INTEGER NOT NULL, size INTEGER NOT NULL);
  CREATE TABLE shards (
    stream INTEGER NOT NULL, shard TEXT NOT NULL, slot INTEGER NOT NULL, parent TEXT, opened INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER, PRIMARY KEY (stream, shard)
  ) WITHOUT ROWID;
  CREATE TABLE records (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, shard TEXT NOT NULL,
    written INTEGER NOT NULL, record TEXT NOT NULL
  );
  CREATE INDEX records_of_shard ON records (stream, shard, sequence);
  CREATE INDEX records_by_age ON records (stream, written);
  CREATE TABLE tokens (scope TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX tokens_by_expiry ON tokens (expires)`;

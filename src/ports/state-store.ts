/** A JSON document under a key of a table, with the revision that optimistic writers compare. */
export interface StateRecord<T = unknown> {
  readonly key: string;
  readonly value: T;
  /** Grows with every write of this key; never reused. */
  readonly revision: number;
}

/** One write of a batch. `ifRevision` is checked in the same transaction; 0 means "must not exist". */
export type StateWrite =
  | { readonly table: string; readonly key: string; readonly value: unknown; readonly ifRevision?: number }
  | { readonly table: string; readonly key: string; readonly delete: true; readonly ifRevision?: number };

export interface StateRange {
  /** Only keys that begin with this. */
  readonly prefix?: string;
  /** Only keys after this one, in byte order. */
  readonly after?: string;
  /** At most so many records. */
  readonly limit?: number;
}

/** Thrown by `commit` when an `ifRevision` did not hold; nothing was written. */
export class RevisionConflict extends Error {
  readonly table: string;
  readonly key: string;

  constructor(table: string, key: string) {
    super(`revision conflict on ${table}/${key}`);
    this.name = 'RevisionConflict';
    this.table = table;
    this.key = key;
  }
}

/** Durable documents with atomic batches: what configuration and resources are kept in. */
export interface StateStore {
  get<T>(table: string, key: string): Promise<StateRecord<T> | undefined>;
  /** Records in byte order of their keys. */
  list<T>(table: string, range?: StateRange): Promise<StateRecord<T>[]>;
  /** Writes all or nothing; durable (on disk) when it resolves. Returns the new revisions, 0 for deletes. */
  commit(writes: readonly StateWrite[]): Promise<number[]>;
}

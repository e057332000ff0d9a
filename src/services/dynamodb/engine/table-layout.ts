import type { KeySchema } from './key-bytes.ts';

/** What the engine knows of a table. Numbers name rows in the store: a table made anew has another. */
export interface TableLayout {
  readonly id: number;
  readonly key: KeySchema;
  readonly indexes: readonly IndexLayout[];
  readonly stream?: StreamLayout | undefined;
  /** Attribute that says when an item expires, where that is turned on. */
  readonly ttlAttribute?: string | undefined;
}

export interface IndexLayout {
  readonly id: number;
  readonly name: string;
  readonly isLocal: boolean;
  readonly key: KeySchema;
  /** What the index holds besides the keys; all, or the attributes of these names. */
  readonly projection: 'ALL' | readonly string[];
}

export type StreamViewType = 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES' | 'KEYS_ONLY';

export interface StreamLayout {
  readonly id: number;
  readonly viewType: StreamViewType;
  /** Lines of shards, over which the keys are spread. */
  readonly slots: number;
}

/** A message as it is kept. What a queue decides by stands in columns; the rest is text that it alone reads. */
export interface StoredMessage extends MessageTimes {
  readonly queueId: string;
  /** JSON of what the queue holds in memory and no receipt changes. */
  readonly header: string;
}

/** What receipts change of a message. */
export interface MessageTimes {
  /** Grows with arrival over all queues, never reused; the message's name in the store. */
  readonly position: number;
  /** Service time at which it may next be received: end of its delay or of its visibility time-out. */
  readonly dueMs: number;
  readonly receiveCount: number;
  /** Service time of the first receipt; 0 before. */
  readonly firstReceivedMs: number;
}

export interface NewMessage extends StoredMessage {
  /** JSON of body and attributes; read only when the message is received. */
  readonly content: string;
}

/** Ids of messages that a queue has taken, so that it takes them once; survive the message itself. */
export interface Deduplication {
  readonly queueId: string;
  readonly key: string;
  readonly value: string;
  readonly expiresMs: number;
}

/** All or nothing, in this order. */
export interface MessageChanges {
  readonly add?: readonly NewMessage[];
  readonly update?: readonly MessageTimes[];
  /** As `update`, of messages whose contents are wanted. */
  readonly receive?: readonly MessageTimes[];
  /** All but the content anew of the message at the position `from`. */
  readonly move?: readonly (StoredMessage & { readonly from: number })[];
  /** Positions. */
  readonly remove?: readonly number[];
  readonly remember?: readonly Deduplication[];
  /** Forgets deduplications that expired before. */
  readonly forgetBeforeMs?: number;
}

/**
 * Messages of queues: durable when `commit` resolves. Commits that arrive while one is being synced
 * share the next one; they are applied, and resolve, in the order they were asked for.
 */
export interface MessageStore {
  /** The highest position ever used, removed messages included. */
  readonly lastPosition: number;
  /** Everything kept, by position, a page at a time. For the start only. */
  messages(): AsyncIterable<readonly StoredMessage[]>;
  /** Those that expire first come first, as queues forget them in that order. */
  deduplications(): Promise<readonly Deduplication[]>;
  /** Resolves to the contents of what is received, in its order; undefined for what is not there. */
  commit(changes: MessageChanges): Promise<readonly (string | undefined)[]>;
}

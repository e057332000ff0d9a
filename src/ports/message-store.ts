/** A message as it is kept. What a queue decides by stands in columns; the rest is text that it alone reads. */
export interface StoredMessage {
  /** Grows with arrival over all queues, never reused; the message's name in the store. */
  readonly position: number;
  readonly queueId: string;
  /** JSON of what the queue holds in memory and no receipt changes. */
  readonly header: string;
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
  /** Header, times and counts anew; the queue too, and the position, where `from` names the one before. */
  readonly update?: readonly (StoredMessage & { readonly from?: number })[];
  /** Positions. */
  readonly remove?: readonly number[];
  readonly remember?: readonly Deduplication[];
  /** Forgets deduplications that expired before. */
  readonly forgetBeforeMs?: number;
  /** Positions whose content is wanted, as it is after the changes. */
  readonly read?: readonly number[];
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
  /** Resolves to the contents asked for by `read`, in its order; undefined for what is not there. */
  commit(changes: MessageChanges): Promise<readonly (string | undefined)[]>;
}

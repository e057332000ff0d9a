/**
 * Events that wait for their functions, one queue a function. An event is on disk from the moment `append`
 * resolves until `remove` does; in between it may be given a later due time, and a note of what was tried.
 */

/** Where an event stands in its queue: by due time, then in the order of acceptance. */
export interface EventPosition {
  /** Service time, epoch milliseconds. */
  readonly dueMs: number;
  /** Of this event for as long as it exists; grows with every event of all queues. */
  readonly id: number;
}

export interface NewEvent {
  readonly queue: string;
  readonly dueMs: number;
  /** What belongs to the payload and never changes, as JSON text. */
  readonly attributes: string;
  readonly payload: Uint8Array;
}

export interface QueuedEvent extends EventPosition {
  readonly attributes: string;
  readonly payload: Uint8Array;
  /** What `postpone` left, as JSON text; empty where it never was. */
  readonly note: string;
}

export interface EventRange {
  /** Only events behind this one; from the first where absent. */
  readonly after?: EventPosition;
  /** Only those that are due by then. */
  readonly untilMs: number;
  readonly maxEvents: number;
  /** Payloads together; one event comes however large it is. */
  readonly maxBytes: number;
}

export interface EventPage {
  /** In the order of their positions. */
  readonly events: readonly QueuedEvent[];
  /** When the event behind them is due; absent where there is none. */
  readonly nextDueMs?: number;
}

/** Of some events of a queue, in the order of their positions. */
export interface EventMeasure {
  readonly events: number;
  /** Payloads together. */
  readonly bytes: number;
  /** The last of them, where others may follow; absent where none does. */
  readonly last?: EventPosition;
}

/** One queue that has events. */
export interface WaitingQueue {
  readonly queue: string;
  readonly events: number;
}

/** Rejects with `PlatformError` where the disk refuses; then nothing has changed. */
export interface EventQueue {
  /** Its number, once it is on disk. Those asked for together share one sync. */
  append(event: NewEvent): Promise<number>;
  read(queue: string, range: EventRange): Promise<EventPage>;
  postpone(queue: string, position: EventPosition, dueMs: number, note: string): Promise<void>;
  remove(queue: string, position: EventPosition): Promise<void>;
  /** How many events come behind `after`, or at all, and how large they are: of as many as are counted at once. */
  measure(queue: string, after?: EventPosition): Promise<EventMeasure>;
  waiting(): Promise<readonly WaitingQueue[]>;
}

/**
 * Append-only events in streams, streams in groups: what CloudWatch Logs keeps. A group is named by
 * an opaque id of the caller's; streams come into being by `createStream` or by their first event.
 *
 * Durability: what was acknowledged survives the death of this process at any instant; the last
 * moments before a power cut may be missing.
 */
export interface StreamLog {
  /** False if the stream exists already. */
  createStream(group: string, stream: string, createdMs: number): Promise<boolean>;
  /** Stores all batches or none, streams created as needed; resolves once they are stored. */
  append(batches: readonly StreamBatch[]): Promise<void>;
  getStream(group: string, stream: string): Promise<StreamDescription | undefined>;
  listStreams(group: string, query: StreamQuery): Promise<StreamDescription[]>;
  /** Events by time, from one end of a range, a page at a time. */
  read(query: EventQuery): Promise<EventPage>;
  /** Events in the order in which they were stored, for those who follow a group. */
  follow(query: ArrivalQuery): Promise<ArrivalPage>;
  /** Behind all that is stored. */
  end(): Promise<ArrivalPosition>;
  /** False if there was no such stream. */
  deleteStream(group: string, stream: string): Promise<boolean>;
  /** Deletes streams and events of the group. */
  deleteGroup(group: string): Promise<void>;
  /** Deletes events older than `beforeMs` (a part with younger ones among them may stay); the streams stay. */
  expire(group: string, beforeMs: number): Promise<void>;
  /** Groups that have streams, with the bytes of their events' messages. */
  listGroups(): Promise<{ readonly group: string; readonly storedBytes: number }[]>;
}

/** Events of one stream that came together; parallel arrays, since this is the hot path. */
export interface StreamBatch {
  readonly group: string;
  readonly stream: string;
  /** Service time of acceptance, epoch milliseconds. */
  readonly ingestedMs: number;
  /** Epoch milliseconds of each event. */
  readonly timestampsMs: readonly number[];
  readonly messages: readonly string[];
}

export interface StreamDescription {
  readonly name: string;
  readonly createdMs: number;
  /** Absent while the stream has no events. */
  readonly firstEventMs?: number;
  readonly lastEventMs?: number;
  readonly lastIngestedMs?: number;
}

export interface StreamQuery {
  /** `lastEvent`: by the time of the last event, streams without events first. */
  readonly orderBy: 'name' | 'lastEvent';
  readonly descending?: boolean;
  readonly prefix?: string;
  /** The last stream of the page before: its name and, for `lastEvent`, its `lastEventMs`. */
  readonly after?: { readonly name: string; readonly lastEventMs?: number };
  readonly limit: number;
}

/** Where an event stands: ordered by time, then arrival. */
export interface EventPosition {
  readonly timestampMs: number;
  /** Grows with every write to the store, never reused. */
  readonly sequence: number;
  /** Among the events of that write. */
  readonly index: number;
}

export interface EventQuery {
  readonly group: string;
  /** Only these streams; absent: all of the group. */
  readonly streams?: readonly string[];
  /** Only streams whose name begins so. */
  readonly streamPrefix?: string;
  /** Inclusive. */
  readonly startMs?: number;
  /** Exclusive. */
  readonly endMs?: number;
  readonly order: 'forward' | 'backward';
  /** Only events beyond this one, in the direction of reading. */
  readonly beyond?: EventPosition;
  readonly maxEvents: number;
  /** A page ends before the messages exceed this many characters, unless one event does so alone. */
  readonly maxChars: number;
}

export interface StoredEvent extends EventPosition {
  readonly stream: string;
  readonly message: string;
  readonly ingestedMs: number;
}

export interface EventPage {
  /** In the direction of reading. */
  readonly events: readonly StoredEvent[];
  /** False when nothing in range lay beyond the last event at that moment. */
  readonly more: boolean;
}

/** Where an event stands by arrival: by the write, then among the events of that write. */
export type ArrivalPosition = Pick<EventPosition, 'sequence' | 'index'>;

export interface ArrivalQuery {
  readonly group: string;
  /** Only events behind this one. */
  readonly beyond: ArrivalPosition;
  /** A page ends once its messages have this many characters. */
  readonly maxChars: number;
}

export interface ArrivalPage {
  readonly events: readonly StoredEvent[];
  /** Where the next page goes on. Beyond the last event where what follows is of other groups. */
  readonly position: ArrivalPosition;
  /** False when nothing of any group lay beyond at that moment. */
  readonly more: boolean;
}

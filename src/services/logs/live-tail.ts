import type { LiveTailSessionLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import type { LogEvent } from '../../ports/log-sink.ts';
import type { LogEventFilter } from './filter-pattern/log-event-filter.ts';
import type { LogGroupRecord } from './groups.ts';

/** Events an update shows, from the API reference of StartLiveTail; of more it shows a sample. */
const MAX_UPDATE_EVENTS = 500;
/** Events held for the next update; ten updates' worth, so that a sample is spread over its second. */
const MAX_HELD_EVENTS = 10 * MAX_UPDATE_EVENTS;
/** Characters held for a session, whose client may read slowly or not at all. */
const MAX_HELD_CHARS = 16 * 1024 * 1024;

export interface LiveTailUpdate {
  /** True when not every event is shown. */
  readonly sampled: boolean;
  readonly events: readonly LiveTailSessionLogEvent[];
}

export interface LiveTailChoice {
  readonly groupIds: ReadonlySet<string>;
  readonly wantsStream: (name: string) => boolean;
  readonly matches: LogEventFilter;
}

/** What one client follows, and what has come for it since its last update. */
export class LiveTailSession {
  readonly #choice: LiveTailChoice;
  #held: LiveTailSessionLogEvent[] = [];
  #heldChars = 0;
  #dropped = false;

  constructor(choice: LiveTailChoice) {
    this.#choice = choice;
  }

  offer(group: LogGroupRecord, stream: string, events: readonly LogEvent[], ingestedMs: number): void {
    const { groupIds, wantsStream, matches } = this.#choice;
    if (!groupIds.has(group.id) || !wantsStream(stream)) return;
    for (const { timestampMs, message } of events) {
      if (!matches(message)) continue;
      this.#hold({
        logStreamName: stream,
        logGroupIdentifier: `${group.accountId}:${group.name}`,
        message,
        timestamp: timestampMs,
        ingestionTime: ingestedMs,
      });
    }
  }

  take(): LiveTailUpdate {
    const held = this.#held;
    const sampled = this.#dropped || held.length > MAX_UPDATE_EVENTS;
    this.#held = [];
    this.#heldChars = 0;
    this.#dropped = false;
    return { sampled, events: held.length > MAX_UPDATE_EVENTS ? sample(held) : held };
  }

  #hold(event: LiveTailSessionLogEvent): void {
    if (this.#heldChars + event.message!.length > MAX_HELD_CHARS) {
      this.#dropped = true;
      return;
    }
    this.#held.push(event);
    this.#heldChars += event.message!.length;
    // Only now and then, since it copies what stays.
    if (this.#held.length >= 2 * MAX_HELD_EVENTS) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const { message } of this.#held.splice(0, this.#held.length - MAX_HELD_EVENTS)) {
      this.#heldChars -= message!.length;
    }
    this.#dropped = true;
  }
}

/** The sessions of StartLiveTail: each gets a copy of what comes in while it lasts. */
export class LiveTail {
  readonly #sessions = new Set<LiveTailSession>();
  readonly #end = new AbortController();

  /** Aborted when sessions are to end because the server does. */
  get ending(): AbortSignal {
    return this.#end.signal;
  }

  endAll(): void {
    this.#end.abort();
  }

  open(choice: LiveTailChoice): LiveTailSession {
    const session = new LiveTailSession(choice);
    this.#sessions.add(session);
    return session;
  }

  close(session: LiveTailSession): void {
    this.#sessions.delete(session);
  }

  /** On the path of every log line: next to nothing while nobody watches. */
  publish(group: LogGroupRecord, stream: string, events: readonly LogEvent[], ingestedMs: number): void {
    for (const session of this.#sessions) session.offer(group, stream, events, ingestedMs);
  }
}

/** Evenly over the second. */
function sample<T>(events: readonly T[]): T[] {
  const step = events.length / MAX_UPDATE_EVENTS;
  return Array.from({ length: MAX_UPDATE_EVENTS }, (_, index) => events[Math.floor(index * step)]!);
}

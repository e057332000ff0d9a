/** Events of the history as the API shows them. */
import type { Event } from '@aws-sdk/client-lambda';
import type { StoredEvent } from './durable-execution.ts';

/** Members of details that are times; they are stored as text. */
const TIMES = new Set(['ScheduledEndTimestamp', 'StartTimestamp', 'EndTimestamp']);

/** What carries data of the execution, and is left out where that is not asked for. */
const DATA = new Set(['Payload']);

export function shownEvent({ eventId, timeMs, details }: StoredEvent, withData: boolean): Event {
  return {
    ...(shown(details, withData) as Event),
    EventId: eventId,
    EventTimestamp: new Date(timeMs),
  };
}

function shown(value: unknown, withData: boolean): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => withData || !DATA.has(name))
      .map(([name, member]) => [
        name,
        TIMES.has(name) ? new Date(member as string) : shown(member, withData),
      ]),
  );
}

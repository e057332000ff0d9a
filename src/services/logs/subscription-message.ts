/** What subscribers get, as the user guide shows it: JSON of one stream's events, compressed by gzip. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { StoredEvent } from '../../ports/stream-log.ts';
import type { LogGroupRecord } from './groups.ts';
import { eventId } from './page-token.ts';

const compress = promisify(gzip);

/**
 * Compressed bytes of one message. In base64 it still fits the event of an asynchronous invocation (1 MiB), and so
 * a record of Kinesis or Firehose; AWS names no size of its own.
 */
const MAX_MESSAGE_BYTES = 700_000;

export interface SubscriptionMessage {
  readonly stream: string;
  readonly compressed: Uint8Array;
}

/** One message or more for each stream, its events in their order. An event that fits into none is left out. */
export async function subscriptionMessages(
  group: LogGroupRecord,
  filterName: string,
  events: readonly StoredEvent[],
): Promise<SubscriptionMessage[]> {
  const byStream = Map.groupBy(events, ({ stream }) => stream);
  const messages: SubscriptionMessage[] = [];
  for (const [stream, own] of byStream) {
    for (const compressed of await dataMessages(group, filterName, stream, own)) {
      messages.push({ stream, compressed });
    }
  }
  return messages;
}

async function dataMessages(
  group: LogGroupRecord,
  filterName: string,
  stream: string,
  events: readonly StoredEvent[],
): Promise<Uint8Array[]> {
  const compressed = await compress(
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      owner: group.accountId,
      logGroup: group.name,
      logStream: stream,
      subscriptionFilters: [filterName],
      logEvents: events.map((event) => ({
        id: eventId(event),
        timestamp: event.timestampMs,
        message: event.message,
      })),
    }),
  );
  if (compressed.length <= MAX_MESSAGE_BYTES) return [compressed];
  if (events.length === 1) return [];
  const middle = Math.ceil(events.length / 2);
  return [
    ...(await dataMessages(group, filterName, stream, events.slice(0, middle))),
    ...(await dataMessages(group, filterName, stream, events.slice(middle))),
  ];
}

/** What a new subscription sends first, to see whether its destination is there. `vendor`: `Kinesis`, `Firehose`. */
export function controlMessage(vendor: string, nowMs: number): Promise<Uint8Array> {
  return compress(
    JSON.stringify({
      messageType: 'CONTROL_MESSAGE',
      owner: 'CloudwatchLogs',
      logGroup: '',
      logStream: '',
      subscriptionFilters: [],
      logEvents: [
        {
          id: '',
          timestamp: nowMs,
          message: `CWL CONTROL MESSAGE: Checking health of destination ${vendor}.`,
        },
      ],
    }),
  );
}

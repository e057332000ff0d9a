import type { InputLogEvent, RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../core/errors.ts';
import { type LogGroupRecord, streamNotFound } from './groups.ts';
import { type LogsContext, type LogsOperations, MS_PER_DAY } from './logs-context.ts';
import { SEQUENCE_TOKEN } from './stream-operations.ts';

// Limits of the API reference of PutLogEvents.
const MAX_BATCH_BYTES = 1_048_576;
const BYTES_PER_EVENT = 26;
const MAX_EVENT_BYTES = 1_048_576;
const MAX_BATCH_EVENTS = 10_000;
const MAX_BATCH_SPAN_MS = MS_PER_DAY;
const MAX_AGE_MS = 14 * MS_PER_DAY;
const MAX_AHEAD_MS = 2 * 3_600_000;

export function putLogEventsOperation({
  groups,
  store,
  clock,
  ingest,
}: LogsContext): Required<Pick<LogsOperations, 'PutLogEvents'>> {
  return {
    async PutLogEvents(input, context) {
      const group = groups.get(context, input.logGroupName!);
      const stream = input.logStreamName!;
      if (!(await store.getStream(group.id, stream))) throw streamNotFound();
      const events = input.logEvents!;
      checkBatch(events);
      const ingestedMs = clock.now();
      const rejected = rejections(events, group, ingestedMs);
      const accepted = events.slice(
        Math.max(rejected?.tooOldLogEventEndIndex ?? 0, rejected?.expiredLogEventEndIndex ?? 0),
        rejected?.tooNewLogEventStartIndex,
      );
      checkSpan(accepted);
      if (accepted.length > 0) {
        const stored = accepted.map((event) => ({ timestampMs: event.timestamp!, message: event.message! }));
        await ingest(group, stream, ingestedMs, stored);
      }
      return { nextSequenceToken: SEQUENCE_TOKEN, ...(rejected ? { rejectedLogEventsInfo: rejected } : {}) };
    },
  };
}

function checkBatch(events: readonly InputLogEvent[]): void {
  if (events.length > MAX_BATCH_EVENTS) {
    throw invalid(`Upload too large: ${events.length} events exceeds limit of ${MAX_BATCH_EVENTS}`);
  }
  let batchBytes = 0;
  let latestMs = 0;
  for (const { message, timestamp } of events) {
    const bytes = Buffer.byteLength(message!) + BYTES_PER_EVENT;
    if (bytes > MAX_EVENT_BYTES) {
      throw invalid(`Log event too large: ${bytes} bytes exceeds limit of ${MAX_EVENT_BYTES}`);
    }
    if (timestamp! < latestMs) {
      throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
    }
    latestMs = timestamp!;
    batchBytes += bytes;
  }
  if (batchBytes > MAX_BATCH_BYTES) {
    throw invalid(`Upload too large: ${batchBytes} bytes exceeds limit of ${MAX_BATCH_BYTES}`);
  }
}

function checkSpan(events: readonly InputLogEvent[]): void {
  const first = events[0]?.timestamp ?? 0;
  const last = events.at(-1)?.timestamp ?? 0;
  if (last - first > MAX_BATCH_SPAN_MS) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
}

/** The events are in order, so the refused ones stand at its ends. End indexes are exclusive. */
function rejections(
  events: readonly InputLogEvent[],
  group: LogGroupRecord,
  nowMs: number,
): RejectedLogEventsInfo | undefined {
  const retentionMs = (group.retentionDays ?? Number.POSITIVE_INFINITY) * MS_PER_DAY;
  const tooOld = countUntil(events, nowMs - MAX_AGE_MS);
  const expired = countUntil(events, nowMs - retentionMs);
  const acceptable = countUntil(events, nowMs + MAX_AHEAD_MS + 1);
  if (tooOld === 0 && expired === 0 && acceptable === events.length) return undefined;
  return {
    ...(acceptable < events.length ? { tooNewLogEventStartIndex: acceptable } : {}),
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > tooOld ? { expiredLogEventEndIndex: expired } : {}),
  };
}

/** How many events come before that time. */
function countUntil(events: readonly InputLogEvent[], limitMs: number): number {
  const index = events.findIndex((event) => event.timestamp! >= limitMs);
  return index === -1 ? events.length : index;
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

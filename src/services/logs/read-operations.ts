import { AwsError } from '../../core/errors.ts';
import type { EventPosition, EventQuery, StoredEvent } from '../../ports/stream-log.ts';
import { compileFilterPattern } from './filter-pattern/filter-pattern.ts';
import { type LogGroupRecord, streamNotFound } from './groups.ts';
import { type LogsContext, type LogsOperations, MS_PER_DAY } from './logs-context.ts';
import { requestedGroup } from './names.ts';
import { decodeEventToken, encodeEventToken, eventId } from './page-token.ts';

/** Most events of one answer, from the API references; so is the 1 MB of a page. */
const MAX_PAGE_EVENTS = 10_000;
const MAX_PAGE_CHARS = 1024 * 1024;
/** Events FilterLogEvents fetches at a time; between fetches the server does other work. */
const SCAN_STEP_EVENTS = 2_000;
/** Events it looks at for one answer; a search for something rare goes on with `nextToken`, as on AWS. */
const MAX_SCANNED_EVENTS = 50_000;
/** FilterLogEvents reads backward only from this time on, says its API reference: 2024-01-01. */
const BACKWARD_SINCE_MS = Date.UTC(2024, 0, 1);

type ReadOperations = 'GetLogEvents' | 'FilterLogEvents';

export function readOperations(logs: LogsContext): Required<Pick<LogsOperations, ReadOperations>> {
  const { groups, store, buffer } = logs;
  return {
    async GetLogEvents(input, context) {
      const group = requestedGroup(groups, context, input);
      await buffer.settle();
      if (!(await store.getStream(group.id, input.logStreamName!))) throw streamNotFound();
      const token = input.nextToken === undefined ? undefined : decodeEventToken(input.nextToken);
      const order = token?.order ?? (input.startFromHead ? 'forward' : 'backward');
      const startMs = earliest(logs, group, input.startTime);
      const { events } = await store.read({
        group: group.id,
        streams: [input.logStreamName!],
        startMs,
        order,
        maxEvents: input.limit ?? MAX_PAGE_EVENTS,
        maxChars: MAX_PAGE_CHARS,
        ...(input.endTime === undefined ? {} : { endMs: input.endTime }),
        ...(token ? { beyond: token.position } : {}),
      });
      const ascending = order === 'forward' ? events : events.toReversed();
      const start = startMs ?? 0;
      return {
        events: ascending.map((event) => ({
          timestamp: event.timestampMs,
          message: event.message,
          ingestionTime: event.ingestedMs,
        })),
        ...pageTokens(ascending, token ?? { order, position: { timestampMs: start, sequence: 0, index: 0 } }),
      };
    },

    async FilterLogEvents(input, context) {
      const group = requestedGroup(groups, context, input);
      const { logStreamNames: streams, logStreamNamePrefix: streamPrefix } = input;
      if (streams !== undefined && streamPrefix !== undefined) {
        throw new AwsError(
          'InvalidParameterException',
          'Log stream names and log stream name prefix are mutually exclusive parameters.',
        );
      }
      const matches = compileFilterPattern(input.filterPattern);
      const token = input.nextToken === undefined ? undefined : decodeEventToken(input.nextToken);
      const order = token?.order ?? (input.startFromHead === false ? 'backward' : 'forward');
      if (!token && order === 'backward' && (input.startTime ?? 0) < BACKWARD_SINCE_MS) {
        throw new AwsError(
          'InvalidParameterException',
          'startFromHead can be false only with a startTime on or after 2024-01-01T00:00:00Z.',
        );
      }
      await buffer.settle();
      for (const name of streams ?? []) {
        if (!(await store.getStream(group.id, name))) throw streamNotFound();
      }
      const startMs = earliest(logs, group, input.startTime);
      const query = {
        group: group.id,
        order,
        startMs,
        // Unlike that of GetLogEvents this end is inclusive.
        ...(input.endTime === undefined ? {} : { endMs: input.endTime + 1 }),
        ...(streams === undefined ? {} : { streams }),
        ...(streamPrefix === undefined ? {} : { streamPrefix }),
      } as const;
      const limit = input.limit ?? MAX_PAGE_EVENTS;
      const { found, stoppedAt } = await search(logs, query, token?.position, matches, limit);
      return {
        events: found.map((event) => ({
          logStreamName: event.stream,
          timestamp: event.timestampMs,
          message: event.message,
          ingestionTime: event.ingestedMs,
          eventId: eventId(event),
        })),
        // AWS leaves it empty since May 2020.
        searchedLogStreams: [],
        ...(stoppedAt ? { nextToken: encodeEventToken({ order, position: stoppedAt }) } : {}),
      };
    },
  };
}

/** Expired events are not shown, though they are deleted only later. */
function earliest({ clock }: LogsContext, group: LogGroupRecord, startMs: number | undefined): number {
  const expiredMs = group.retentionDays === undefined ? 0 : clock.now() - group.retentionDays * MS_PER_DAY;
  return Math.max(startMs ?? 0, expiredMs);
}

/**
 * A token stands between events. The one forward from an empty page is the one the page was asked
 * with: it stops moving at the end, and moves again when events come. Likewise backward.
 */
function pageTokens(events: readonly EventPosition[], asked: { order: string; position: EventPosition }) {
  const { position } = asked;
  let last = events.at(-1);
  let first = events[0];
  if (!last || !first) {
    // What lay before the boundary "after P" includes P itself, and the other way about.
    last = asked.order === 'forward' ? position : { ...position, index: position.index - 1 };
    first = asked.order === 'forward' ? { ...position, index: position.index + 1 } : position;
  }
  return {
    nextForwardToken: encodeEventToken({ order: 'forward', position: last }),
    nextBackwardToken: encodeEventToken({ order: 'backward', position: first }),
  };
}

interface SearchResult {
  readonly found: StoredEvent[];
  /** The last event looked at, when more may follow. */
  readonly stoppedAt: EventPosition | undefined;
}

async function search(
  { store }: LogsContext,
  query: Omit<EventQuery, 'beyond' | 'maxEvents' | 'maxChars'>,
  from: EventPosition | undefined,
  matches: (message: string) => boolean,
  limit: number,
): Promise<SearchResult> {
  const found: StoredEvent[] = [];
  let position = from;
  let scanned = 0;
  let chars = 0;
  for (;;) {
    const page = await store.read({
      ...query,
      maxEvents: SCAN_STEP_EVENTS,
      maxChars: MAX_PAGE_CHARS,
      ...(position ? { beyond: position } : {}),
    });
    for (const event of page.events) {
      if (matches(event.message)) {
        const full =
          found.length === limit || (found.length > 0 && chars + event.message.length > MAX_PAGE_CHARS);
        if (full) return { found, stoppedAt: position };
        chars += event.message.length;
        found.push(event);
      }
      position = event;
    }
    scanned += page.events.length;
    if (!page.more) return { found, stoppedAt: undefined };
    if (scanned >= MAX_SCANNED_EVENTS) return { found, stoppedAt: position };
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type {
  LiveTailSessionLogEvent,
  StartLiveTailRequest,
  StartLiveTailResponseStream,
} from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../core/errors.ts';
import type { LogEvent } from '../../ports/log-sink.ts';
import { compileFilterPattern, type LogEventFilter } from './filter-pattern/filter-pattern.ts';
import type { LogGroupRecord } from './groups.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { groupByIdentifier } from './names.ts';

// From the API reference of StartLiveTail. Real time, since a person watches.
const UPDATE_INTERVAL_MS = 1_000;
const MAX_UPDATE_EVENTS = 500;
const MAX_HELD_EVENTS = 5_000;
const MAX_SESSION_MS = 3 * 3_600_000;

interface Session {
  readonly groupIds: ReadonlySet<string>;
  readonly wantsStream: (name: string) => boolean;
  readonly matches: LogEventFilter;
  held: LiveTailSessionLogEvent[];
}

/** The sessions of StartLiveTail: each gets a copy of what comes in while it lasts. */
export class LiveTail {
  readonly #sessions = new Set<Session>();

  open(session: Session): void {
    this.#sessions.add(session);
  }

  close(session: Session): void {
    this.#sessions.delete(session);
  }

  /** On the path of every log line: next to nothing while nobody watches. */
  publish(group: LogGroupRecord, stream: string, events: readonly LogEvent[], ingestedMs: number): void {
    for (const session of this.#sessions) {
      if (!session.groupIds.has(group.id) || !session.wantsStream(stream)) continue;
      for (const { timestampMs, message } of events) {
        if (!session.matches(message)) continue;
        session.held.push({
          logStreamName: stream,
          logGroupIdentifier: `${group.accountId}:${group.name}`,
          message,
          timestamp: timestampMs,
          ingestionTime: ingestedMs,
        });
      }
      if (session.held.length > MAX_HELD_EVENTS) session.held = session.held.slice(-MAX_HELD_EVENTS);
    }
  }
}

export function liveTailOperation(logs: LogsContext): Required<Pick<LogsOperations, 'StartLiveTail'>> {
  return {
    async StartLiveTail(input, context) {
      const groups = input.logGroupIdentifiers!.map((id) => groupByIdentifier(logs.groups, context, id));
      const { logStreamNames: names, logStreamNamePrefixes: prefixes } = input;
      if ((names || prefixes) && groups.length > 1) {
        throw new AwsError(
          'InvalidParameterException',
          'Log stream names and prefixes can be given only with a single log group.',
        );
      }
      if (names && prefixes) {
        throw new AwsError(
          'InvalidParameterException',
          'Log stream names and log stream name prefixes are mutually exclusive parameters.',
        );
      }
      const session: Session = {
        groupIds: new Set(groups.map((group) => group.id)),
        wantsStream: (name) =>
          (names?.includes(name) ?? true) && (prefixes?.some((prefix) => name.startsWith(prefix)) ?? true),
        matches: compileFilterPattern(input.logEventFilterPattern),
        held: [],
      };
      logs.liveTail.open(session);
      return {
        responseStream: updates(logs, session, input, context.requestId, context.signal),
      };
    },
  };
}

async function* updates(
  { liveTail, clock, ids }: LogsContext,
  session: Session,
  input: StartLiveTailRequest,
  requestId: string,
  signal: AbortSignal,
): AsyncGenerator<StartLiveTailResponseStream> {
  const endMs = clock.monotonic() + MAX_SESSION_MS;
  try {
    yield {
      sessionStart: {
        requestId,
        sessionId: ids.uuid(),
        logGroupIdentifiers: input.logGroupIdentifiers,
        logStreamNames: input.logStreamNames ?? [],
        logStreamNamePrefixes: input.logStreamNamePrefixes ?? [],
        logEventFilterPattern: input.logEventFilterPattern ?? '',
      },
    };
    while (clock.monotonic() < endMs) {
      await delay(UPDATE_INTERVAL_MS, undefined, { signal });
      const held = session.held;
      session.held = [];
      const sampled = held.length > MAX_UPDATE_EVENTS;
      yield {
        sessionUpdate: { sessionMetadata: { sampled }, sessionResults: sampled ? sample(held) : held },
      };
    }
    throw new AwsError('SessionTimeoutException', 'The Live Tail session has timed out after three hours.');
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    liveTail.close(session);
  }
}

/** Evenly over the second. */
function sample<T>(events: readonly T[]): T[] {
  const step = events.length / MAX_UPDATE_EVENTS;
  return Array.from({ length: MAX_UPDATE_EVENTS }, (_, index) => events[Math.floor(index * step)]!);
}

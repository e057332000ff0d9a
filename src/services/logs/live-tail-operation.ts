import { setTimeout as delay } from 'node:timers/promises';
import type { StartLiveTailRequest, StartLiveTailResponseStream } from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { compileFilterPattern } from './filter-pattern/filter-pattern.ts';
import type { LiveTailChoice, LiveTailSession } from './live-tail.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { groupByIdentifier } from './names.ts';

// From the API reference of StartLiveTail. Real time, since a person watches.
const UPDATE_INTERVAL_MS = 1_000;
const MAX_SESSION_MS = 3 * 3_600_000;

export function liveTailOperation(logs: LogsContext): Required<Pick<LogsOperations, 'StartLiveTail'>> {
  return {
    async StartLiveTail(input, context) {
      const session = logs.liveTail.open(choiceOf(logs, input, context));
      return { responseStream: updates(logs, session, input, context) };
    },
  };
}

function choiceOf(logs: LogsContext, input: StartLiveTailRequest, context: RequestContext): LiveTailChoice {
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
  return {
    groupIds: new Set(groups.map((group) => group.id)),
    wantsStream: (name) =>
      (names?.includes(name) ?? true) && (prefixes?.some((prefix) => name.startsWith(prefix)) ?? true),
    matches: compileFilterPattern(input.logEventFilterPattern),
  };
}

/** The next update is made when the client has taken the one before: a slow one gets larger samples. */
async function* updates(
  { liveTail, clock, ids }: LogsContext,
  session: LiveTailSession,
  input: StartLiveTailRequest,
  { requestId, signal }: RequestContext,
): AsyncGenerator<StartLiveTailResponseStream> {
  const endMs = clock.monotonic() + MAX_SESSION_MS;
  const stop = AbortSignal.any([signal, liveTail.ending]);
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
      await delay(UPDATE_INTERVAL_MS, undefined, { signal: stop });
      const { sampled, events } = session.take();
      yield { sessionUpdate: { sessionMetadata: { sampled }, sessionResults: [...events] } };
    }
    throw new AwsError('SessionTimeoutException', 'The Live Tail session has timed out after three hours.');
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    liveTail.close(session);
  }
}

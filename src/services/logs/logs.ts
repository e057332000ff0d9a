/** CloudWatch Logs: groups in the state store, streams and events in the stream log. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import type { LogSink } from '../../ports/log-sink.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamLog } from '../../ports/stream-log.ts';
import { groupOperations } from './group-operations.ts';
import { Groups } from './groups.ts';
import { LiveTail } from './live-tail.ts';
import { liveTailOperation } from './live-tail-operation.ts';
import { LogBuffer } from './log-buffer.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { putLogEventsOperation } from './put-log-events.ts';
import { readOperations } from './read-operations.ts';
import { startRetention } from './retention.ts';
import { streamOperations } from './stream-operations.ts';
import { tagOperations } from './tag-operations.ts';

export interface LogsDependencies {
  readonly state: StateStore;
  readonly streamLog: StreamLog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

export interface Logs {
  readonly service: Service & { readonly operations: LogsOperations };
  /** Where environments write; makes groups (without retention) and streams as needed. */
  readonly sink: LogSink;
  /** Ends what clients follow live, which would hold up a server that waits for its requests in flight. */
  endLiveTails(): void;
  /** Stores what is held and stops the jobs; the stores stay open. */
  close(): Promise<void>;
}

export async function openLogs(dependencies: LogsDependencies): Promise<Logs> {
  const { state, streamLog: store, clock, ids, log } = dependencies;
  const groups = await Groups.open(state, clock, ids, log);
  const liveTail = new LiveTail();
  const buffer = new LogBuffer(groups, store, clock, log, (group, stream, events, ingestedMs) =>
    liveTail.publish(group, stream, events, ingestedMs),
  );
  const retention = startRetention(groups, store, clock, log);
  const context: LogsContext = { groups, store, buffer, liveTail, clock, ids };
  const operations: LogsOperations = {
    ...groupOperations(context),
    ...streamOperations(context),
    ...putLogEventsOperation(context),
    ...readOperations(context),
    ...liveTailOperation(context),
    ...tagOperations(context),
  };
  return {
    service: { name: 'logs', operations: operations as Service['operations'] & LogsOperations },
    sink: buffer,
    endLiveTails: () => liveTail.endAll(),
    async close() {
      retention.cancel();
      await buffer.close();
    },
  };
}

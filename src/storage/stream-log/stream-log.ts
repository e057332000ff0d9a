import { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type {
  ArrivalPage,
  ArrivalPosition,
  EventPage,
  StreamBatch,
  StreamDescription,
  StreamLog,
} from '../../ports/stream-log.ts';
import { siblingModule, WorkerChannel } from '../worker-channel.ts';
import { EventFile, type LogRequest } from './event-file.ts';
import type { PackedBatch } from './event-writer.ts';
import type { LogsWorkerData } from './logs-worker.ts';

export interface SqliteStreamLogOptions {
  /** `logs.db` of the data directory. */
  readonly file: string;
  readonly log: Log;
  /** Called once if the thread of the store dies: no log can be stored any more. */
  readonly onFatal?: (error: PlatformError) => void;
  /** A file grown to this size counts as a full disk; unset: the disk decides. */
  readonly maxBytes?: number;
}

export type ClosableStreamLog = StreamLog & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

/**
 * Log events in SQLite, owned by a thread. Acknowledged events have been handed to the kernel and
 * survive `kill -9`; the disk is synced at checkpoints only (synchronous=NORMAL), so a power cut
 * may take the last ones, never the file's consistency.
 */
export async function openSqliteStreamLog(options: SqliteStreamLogOptions): Promise<ClosableStreamLog> {
  const workerData: LogsWorkerData = {
    file: options.file,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
  };
  // What is wrong with the file shows now; the thread (17 MB) starts when there is something to do.
  new EventFile(workerData).close();
  let channel: Promise<WorkerChannel<LogRequest, unknown>> | undefined;
  let closed = false;
  const ask = async <T>(request: LogRequest) => {
    if (closed) throw new PlatformError('the logs store is closed', 'Start selfsame again.');
    channel ??= WorkerChannel.open({
      module: siblingModule(import.meta.url, 'logs-worker'),
      workerData,
      name: 'logs',
      log: options.log,
      ...(options.onFatal ? { onFatal: options.onFatal } : {}),
    });
    const opened = await channel.catch((error: unknown) => {
      channel = undefined;
      throw error;
    });
    return (await opened.request(request)) as T;
  };
  return {
    createStream: (group, stream, createdMs) => ask<boolean>({ createStream: { group, stream, createdMs } }),
    append: (batches) => ask<void>({ append: batches.map(pack) }),
    getStream: (group, stream) => ask<StreamDescription | undefined>({ getStream: { group, stream } }),
    listStreams: (group, query) => ask<StreamDescription[]>({ listStreams: { group, query } }),
    read: (query) => ask<EventPage>({ read: query }),
    follow: (query) => ask<ArrivalPage>({ follow: query }),
    end: () => ask<ArrivalPosition>({ end: true }),
    deleteStream: (group, stream) => ask<boolean>({ deleteStream: { group, stream } }),
    deleteGroup: (group) => ask<void>({ deleteGroup: group }),
    async expire(group, beforeMs) {
      while (await ask<boolean>({ expireSome: { group, beforeMs } }));
    },
    listGroups: () => ask({ listGroups: true }),
    async close() {
      closed = true;
      await (await channel?.catch(() => undefined))?.close();
    },
  };
}

function pack(batch: StreamBatch): PackedBatch {
  const { group, stream, ingestedMs } = batch;
  const { timestampsMs, messages } = isAscending(batch.timestampsMs) ? batch : sorted(batch);
  return {
    group,
    stream,
    ingestedMs,
    timestampsMs,
    lengths: messages.map((message) => message.length),
    text: messages.join(''),
  };
}

function isAscending(values: readonly number[]): boolean {
  for (let index = 1; index < values.length; index++) {
    if (values[index]! < values[index - 1]!) return false;
  }
  return true;
}

/** By time, events of one time in the order they came. */
function sorted(batch: StreamBatch): Pick<StreamBatch, 'timestampsMs' | 'messages'> {
  const order = batch.timestampsMs.map((_, index) => index);
  order.sort((left, right) => batch.timestampsMs[left]! - batch.timestampsMs[right]!);
  return {
    timestampsMs: order.map((index) => batch.timestampsMs[index]!),
    messages: order.map((index) => batch.messages[index]!),
  };
}

import type { PlatformError } from '../../core/errors.ts';
import type { EventMeasure, EventPage, EventQueue, WaitingQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import { StoreThread } from '../store-thread.ts';
import { siblingModule } from '../worker-channel.ts';
import type { EventFileOptions, EventRequest } from './event-file.ts';
import { EventFile } from './event-file.ts';

export interface SqliteEventQueueOptions extends EventFileOptions {
  readonly log: Log;
  /** Called once if the thread dies: nothing can be accepted any more. */
  readonly onFatal?: (error: PlatformError) => void;
}

export type ClosableEventQueue = EventQueue & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

/**
 * Events in SQLite, owned by a thread. What is asked for while one transaction syncs shares the next. Rejects with
 * `PlatformError` for a file that is damaged, newer than this program, or in use.
 */
export async function openSqliteEventQueue(options: SqliteEventQueueOptions): Promise<ClosableEventQueue> {
  const { log, onFatal, ...workerData } = options;
  const channel = await StoreThread.open<EventRequest>({
    openHere: () => new EventFile(workerData),
    isOpening: (request) => 'waiting' in request,
    module: siblingModule(import.meta.url, 'event-worker'),
    workerData,
    name: 'events',
    log,
    ...(onFatal === undefined ? {} : { onFatal }),
  });
  return {
    append: async (event) => (await channel.request({ append: event })) as number,
    read: async (queue, range) => (await channel.request({ read: { queue, range } })) as EventPage,
    async postpone(queue, position, dueMs, note) {
      await channel.request({ postpone: { queue, position, dueMs, note } });
    },
    async remove(queue, position) {
      await channel.request({ remove: { queue, position } });
    },
    measure: async (queue, after) => (await channel.request({ measure: { queue, after } })) as EventMeasure,
    waiting: async () => (await channel.request({ waiting: true })) as readonly WaitingQueue[],
    close: () => channel.close(),
  };
}

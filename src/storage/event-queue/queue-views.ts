import type { EventQueue } from '../../ports/event-queue.ts';

/** Ends the owner in the names of queues that are not of Lambda; no function's queue has it. */
const OWNER_MARK = '|';

/** The queues of one owner in a store that others use as well; their names are its own. */
export function queuesOf(owner: string, queue: EventQueue): EventQueue {
  const prefix = `${owner}${OWNER_MARK}`;
  return {
    append: (event) => queue.append({ ...event, queue: prefix + event.queue }),
    read: (name, range) => queue.read(prefix + name, range),
    postpone: (name, position, dueMs, note) => queue.postpone(prefix + name, position, dueMs, note),
    remove: (name, position) => queue.remove(prefix + name, position),
    measure: (name, after) => queue.measure(prefix + name, after),
    waiting: async () =>
      (await queue.waiting())
        .filter((waiting) => waiting.queue.startsWith(prefix))
        .map((waiting) => ({ ...waiting, queue: waiting.queue.slice(prefix.length) })),
  };
}

/** Those without an owner in their names, which are of functions. */
export function queuesWithoutOwner(queue: EventQueue): EventQueue {
  return {
    append: (event) => queue.append(event),
    read: (name, range) => queue.read(name, range),
    postpone: (name, position, dueMs, note) => queue.postpone(name, position, dueMs, note),
    remove: (name, position) => queue.remove(name, position),
    measure: (name, after) => queue.measure(name, after),
    waiting: async () => (await queue.waiting()).filter((waiting) => !waiting.queue.includes(OWNER_MARK)),
  };
}

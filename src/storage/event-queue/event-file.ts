/**
 * The file of waiting events inside its thread. An event's row is written once; its place in the queue is a
 * row of its own, so that a retry moves a few bytes and not the payload. New places are at the end of their
 * queue, finished ones at its start: neither costs more with a million events in between.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { invariant } from '../../core/errors.ts';
import type {
  EventMeasure,
  EventPage,
  EventPosition,
  EventRange,
  NewEvent,
  QueuedEvent,
  WaitingQueue,
} from '../../ports/event-queue.ts';
import { explainStorageError, openDatabase } from '../sqlite/database.ts';
import { commitGroup } from '../sqlite/group-commit.ts';
import type { Outcome } from '../worker-channel.ts';
import type { WorkerService } from '../worker-loop.ts';
import { transferError } from '../worker-loop.ts';

export type EventRequest =
  | { readonly append: NewEvent }
  | {
      readonly postpone: {
        readonly queue: string;
        readonly position: EventPosition;
        readonly dueMs: number;
        readonly note: string;
      };
    }
  | { readonly remove: { readonly queue: string; readonly position: EventPosition } }
  | { readonly read: { readonly queue: string; readonly range: EventRange } }
  | { readonly measure: { readonly queue: string; readonly after: EventPosition | undefined } }
  | { readonly waiting: true };

type EventChange = Extract<EventRequest, { append: NewEvent } | { postpone: object } | { remove: object }>;

export interface EventFileOptions {
  readonly file: string;
  /** A file grown to this size counts as a full disk; unset: the disk decides. */
  readonly maxBytes?: number;
}

/** Queue names are kept once. Numbers of events are never used twice, or a late `remove` could take another event. */
const SCHEMA = `
  CREATE TABLE queue (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, attributes TEXT NOT NULL, payload BLOB NOT NULL);
  CREATE TABLE place (
    queue INTEGER NOT NULL, due INTEGER NOT NULL, event INTEGER NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (queue, due, event)
  ) WITHOUT ROWID`;

export const EVENTS_SCHEMA_VERSION = 1;

/** Counted at once: other requests wait some ten milliseconds for it. */
const MEASURED_EVENTS = 10_000;

/** With so many names of queues, those of empty ones are forgotten: a FIFO topic may have any number of groups. */
const FORGET_QUEUES_FROM = 10_000;

/** A file that has grown beyond this and holds no event any more is made small when it is opened, bytes. */
const SHRINK_FROM_BYTES = 64 * 1024 * 1024;

export class EventFile implements WorkerService<EventRequest> {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #queues = new Map<string, number>();
  #forgetQueuesFrom = FORGET_QUEUES_FROM;
  readonly #addQueue: StatementSync;
  readonly #addEvent: StatementSync;
  readonly #dropEvent: StatementSync;
  readonly #addPlace: StatementSync;
  readonly #dropPlace: StatementSync;
  readonly #read: StatementSync;
  readonly #measure: StatementSync;
  readonly #waiting: StatementSync;

  constructor({ file, maxBytes }: EventFileOptions) {
    this.#file = file;
    const database = openDatabase({
      file,
      synchronous: 'FULL',
      schemaVersion: EVENTS_SCHEMA_VERSION,
      schema: SCHEMA,
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
    this.#database = database;
    this.#shrink();
    this.#loadQueues();
    this.#addQueue = database.prepare('INSERT INTO queue (name) VALUES (?)');
    this.#addEvent = database.prepare('INSERT INTO event (attributes, payload) VALUES (?, ?)');
    this.#dropEvent = database.prepare('DELETE FROM event WHERE id = ?');
    this.#addPlace = database.prepare('INSERT INTO place (queue, due, event, note) VALUES (?, ?, ?, ?)');
    this.#dropPlace = database.prepare('DELETE FROM place WHERE queue = ? AND due = ? AND event = ?');
    this.#read = database.prepare(
      `SELECT due, event, note, attributes, payload FROM place JOIN event ON event.id = place.event
       WHERE queue = ? AND (due, event) > (?, ?) ORDER BY due, event LIMIT ?`,
    );
    // The length of a payload is known without reading it.
    this.#measure = database.prepare(
      `SELECT due, event, length(payload) AS bytes FROM place JOIN event ON event.id = place.event
       WHERE queue = ? AND (due, event) > (?, ?) ORDER BY due, event LIMIT ${MEASURED_EVENTS}`,
    );
    this.#waiting = database.prepare(
      'SELECT name, count(*) AS events FROM place JOIN queue ON queue.id = place.queue GROUP BY queue ORDER BY name',
    );
  }

  /** Reads of a batch see its changes, and only once those are on disk. */
  handle(requests: readonly EventRequest[]): Outcome[] {
    const changes = requests.filter(isChange);
    const changed = commitGroup(
      this.#database,
      this.#file,
      changes,
      (change) => this.#apply(change),
      () => this.#loadQueues(),
    );
    let next = 0;
    return requests.map((request) => (isChange(request) ? changed[next++]! : this.#look(request)));
  }

  close(): void {
    this.#database.close();
  }

  #apply(change: EventChange): number | undefined {
    if ('append' in change) {
      const { queue, dueMs, attributes, payload } = change.append;
      const id = Number(this.#addEvent.run(attributes, payload).lastInsertRowid);
      this.#addPlace.run(this.#queueId(queue), dueMs, id, '');
      return id;
    }
    const { queue, position } = 'postpone' in change ? change.postpone : change.remove;
    const queueId = this.#queueId(queue);
    const { changes } = this.#dropPlace.run(queueId, position.dueMs, position.id);
    invariant(changes === 1, `event ${position.id} is not at its place in ${queue}`);
    if ('remove' in change) this.#dropEvent.run(position.id);
    else this.#addPlace.run(queueId, change.postpone.dueMs, position.id, change.postpone.note);
    return undefined;
  }

  #look(request: Exclude<EventRequest, EventChange>): Outcome {
    try {
      if ('waiting' in request) {
        const rows = this.#waiting.all();
        const reply: WaitingQueue[] = rows.map(({ name, events }) => ({
          queue: String(name),
          events: Number(events),
        }));
        return { reply };
      }
      if ('measure' in request)
        return { reply: this.#measured(request.measure.queue, request.measure.after) };
      return { reply: this.#page(request.read.queue, request.read.range) };
    } catch (error) {
      return { error: transferError(explainStorageError(error, this.#file)) };
    }
  }

  #page(queue: string, { after, untilMs, maxEvents, maxBytes }: EventRange): EventPage {
    const queueId = this.#queues.get(queue);
    const events: QueuedEvent[] = [];
    if (queueId === undefined) return { events };
    let bytes = 0;
    const rows = this.#read.iterate(queueId, after?.dueMs ?? -1, after?.id ?? 0, maxEvents + 1);
    for (const row of rows) {
      const dueMs = Number(row['due']);
      const payload = row['payload'] as Uint8Array;
      bytes += payload.length;
      const isFull = events.length === maxEvents || (bytes > maxBytes && events.length > 0);
      if (dueMs > untilMs || isFull) return { events, nextDueMs: dueMs };
      const attributes = String(row['attributes']);
      events.push({ dueMs, id: Number(row['event']), note: String(row['note']), attributes, payload });
    }
    return { events };
  }

  #measured(queue: string, after: EventPosition | undefined): EventMeasure {
    let [events, bytes] = [0, 0];
    let last: EventPosition | undefined;
    const queueId = this.#queues.get(queue);
    if (queueId === undefined) return { events, bytes };
    for (const row of this.#measure.iterate(queueId, after?.dueMs ?? -1, after?.id ?? 0)) {
      events += 1;
      bytes += Number(row['bytes']);
      last = { dueMs: Number(row['due']), id: Number(row['event']) };
    }
    return { events, bytes, ...(events < MEASURED_EVENTS || last === undefined ? {} : { last }) };
  }

  #queueId(name: string): number {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    if (this.#queues.size >= this.#forgetQueuesFrom) this.#forgetEmptyQueues();
    const id = Number(this.#addQueue.run(name).lastInsertRowid);
    this.#queues.set(name, id);
    return id;
  }

  #forgetEmptyQueues(): void {
    this.#database.exec(
      'DELETE FROM queue WHERE NOT EXISTS (SELECT 1 FROM place WHERE place.queue = queue.id)',
    );
    this.#loadQueues();
    this.#forgetQueuesFrom = Math.max(FORGET_QUEUES_FROM, 2 * this.#queues.size);
  }

  #loadQueues(): void {
    this.#queues.clear();
    for (const { id, name } of this.#database.prepare('SELECT id, name FROM queue').all())
      this.#queues.set(String(name), Number(id));
  }

  #shrink(): void {
    if (statSync(this.#file).size < SHRINK_FROM_BYTES) return;
    if (this.#database.prepare('SELECT 1 FROM event LIMIT 1').get() !== undefined) return;
    this.#database.exec('DELETE FROM queue; VACUUM');
  }
}

function isChange(request: EventRequest): request is EventChange {
  return 'append' in request || 'postpone' in request || 'remove' in request;
}

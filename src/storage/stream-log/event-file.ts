import type { DatabaseSync } from 'node:sqlite';
import type { ArrivalQuery, EventQuery, StreamQuery } from '../../ports/stream-log.ts';
import { type DatabaseOptions, explainStorageError, openDatabase } from '../sqlite/database.ts';
import type { Outcome } from '../worker-channel.ts';
import { transferError, type WorkerService } from '../worker-loop.ts';
import { ArrivalReader } from './arrival-reader.ts';
import { EventReader } from './event-reader.ts';
import { EventWriter, type PackedBatch } from './event-writer.ts';
import { LOGS_SCHEMA, LOGS_SCHEMA_VERSION } from './schema.ts';
import { StreamTable } from './stream-table.ts';

export type LogRequest =
  | { readonly append: readonly PackedBatch[] }
  | { readonly createStream: { readonly group: string; readonly stream: string; readonly createdMs: number } }
  | { readonly deleteStream: { readonly group: string; readonly stream: string } }
  | { readonly deleteGroup: string }
  /** Answers true when there may be more to delete. */
  | { readonly expireSome: { readonly group: string; readonly beforeMs: number } }
  | LogReadRequest;

type LogReadRequest =
  | { readonly read: EventQuery }
  | { readonly follow: ArrivalQuery }
  | { readonly end: true }
  | { readonly getStream: { readonly group: string; readonly stream: string } }
  | { readonly listStreams: { readonly group: string; readonly query: StreamQuery } }
  | { readonly listGroups: true };

/** The logs file inside its thread. Each request is one transaction, neighbours share theirs. */
export class EventFile implements WorkerService<LogRequest> {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #streams: StreamTable;
  readonly #writer: EventWriter;
  readonly #reader: EventReader;
  readonly #arrivals: ArrivalReader;

  constructor(options: Pick<DatabaseOptions, 'file' | 'maxBytes'>) {
    this.#file = options.file;
    this.#database = openDatabase({
      ...options,
      synchronous: 'NORMAL',
      schemaVersion: LOGS_SCHEMA_VERSION,
      schema: LOGS_SCHEMA,
    });
    this.#streams = new StreamTable(this.#database);
    this.#writer = new EventWriter(this.#database, this.#streams);
    this.#reader = new EventReader(this.#database, this.#streams);
    this.#arrivals = new ArrivalReader(this.#database, this.#streams);
  }

  handle(requests: readonly LogRequest[]): Outcome[] {
    try {
      return this.#transaction(() => requests.map((request) => ({ reply: this.#answer(request) })));
    } catch (error) {
      if (requests.length > 1) return requests.flatMap((request) => this.handle([request]));
      return [{ error: transferError(explainStorageError(error, this.#file)) }];
    }
  }

  close(): void {
    this.#database.close();
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#streams.forget();
      throw error;
    }
  }

  #answer(request: LogRequest): unknown {
    if ('append' in request) {
      for (const batch of request.append) this.#writer.append(batch);
      return undefined;
    }
    if ('read' in request) return this.#reader.read(request.read);
    if ('follow' in request) return this.#arrivals.follow(request.follow);
    if ('end' in request) return this.#arrivals.end();
    if ('getStream' in request) return this.#streams.get(request.getStream.group, request.getStream.stream);
    if ('listStreams' in request) {
      return this.#streams.list(request.listStreams.group, request.listStreams.query);
    }
    if ('createStream' in request) {
      const { group, stream, createdMs } = request.createStream;
      return this.#streams.create(group, stream, createdMs);
    }
    if ('deleteStream' in request) {
      return this.#streams.deleteStream(request.deleteStream.group, request.deleteStream.stream);
    }
    if ('deleteGroup' in request) return this.#streams.deleteGroup(request.deleteGroup);
    if ('expireSome' in request) {
      return this.#writer.expireSome(request.expireSome.group, request.expireSome.beforeMs);
    }
    return this.#streams.listGroups();
  }
}

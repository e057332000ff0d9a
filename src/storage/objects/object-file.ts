import type { DatabaseSync } from 'node:sqlite';
import type {
  ListRange,
  StoredBucket,
  StoredPart,
  StoredUpload,
  VersionPut,
  VersionRemoval,
} from '../../ports/object-table.ts';
import { type DatabaseOptions, explainStorageError, openDatabase } from '../sqlite/database.ts';
import { commitGroup } from '../sqlite/group-commit.ts';
import type { Outcome } from '../worker-channel.ts';
import { transferError, type WorkerService } from '../worker-loop.ts';
import { ObjectReader } from './object-reader.ts';
import { OBJECTS_SCHEMA, OBJECTS_SCHEMA_VERSION } from './object-schema.ts';
import { ObjectWriter } from './object-writer.ts';

export type ObjectWrite =
  | { readonly write: 'putBucket'; readonly bucket: StoredBucket }
  | { readonly write: 'removeBucket'; readonly name: string }
  | { readonly write: 'put'; readonly put: VersionPut }
  | { readonly write: 'remove'; readonly removal: VersionRemoval }
  | { readonly write: 'set'; readonly sequence: number; readonly settings: string }
  | { readonly write: 'putUpload'; readonly upload: StoredUpload }
  | { readonly write: 'putPart'; readonly part: StoredPart }
  | { readonly write: 'removeUpload'; readonly uploadId: string }
  | { readonly write: 'postponeNotification'; readonly id: number; readonly dueMs: number }
  | { readonly write: 'removeNotification'; readonly id: number };

export type ObjectRead =
  | { readonly read: 'lastSequence' | 'buckets' | 'nextNotificationMs' | 'allPieces' }
  | {
      readonly read: 'find';
      readonly bucket: string;
      readonly key: string;
      readonly versionId: string | undefined;
    }
  | { readonly read: 'list' | 'listVersions' | 'listUploads'; readonly range: ListRange }
  | { readonly read: 'findUpload' | 'parts'; readonly uploadId: string }
  | { readonly read: 'notifications'; readonly untilMs: number; readonly limit: number };

export type ObjectRequest = ObjectWrite | ObjectRead;

/** The objects file inside its thread. Reads see the writes that were asked for before them, and none after. */
export class ObjectFile implements WorkerService<ObjectRequest> {
  private readonly file: string;
  private readonly database: DatabaseSync;
  private readonly writer: ObjectWriter;
  private readonly reader: ObjectReader;

  constructor(options: Pick<DatabaseOptions, 'file' | 'maxBytes'>) {
    this.file = options.file;
    this.database = openDatabase({
      ...options,
      synchronous: 'FULL',
      schemaVersion: OBJECTS_SCHEMA_VERSION,
      schema: OBJECTS_SCHEMA,
    });
    this.writer = new ObjectWriter(this.database);
    this.reader = new ObjectReader(this.database);
  }

  handle(requests: readonly ObjectRequest[]): Outcome[] {
    const outcomes: Outcome[] = [];
    let writes: ObjectWrite[] = [];
    const commit = (): void => {
      outcomes.push(
        ...commitGroup(this.database, this.file, writes, (write) => applyWrite(this.writer, write)),
      );
      writes = [];
    };
    for (const request of requests) {
      if ('write' in request) {
        writes.push(request);
        continue;
      }
      commit();
      outcomes.push(this.read(request));
    }
    commit();
    return outcomes;
  }

  close(): void {
    this.database.close();
  }

  private read(request: ObjectRead): Outcome {
    try {
      return { reply: applyRead(this.reader, request) };
    } catch (error) {
      return { error: transferError(explainStorageError(error, this.file)) };
    }
  }
}

function applyWrite(writer: ObjectWriter, change: ObjectWrite): unknown {
  switch (change.write) {
    case 'putBucket':
      return writer.putBucket(change.bucket);
    case 'removeBucket':
      return writer.removeBucket(change.name);
    case 'put':
      return writer.put(change.put);
    case 'remove':
      return writer.remove(change.removal);
    case 'set':
      return writer.set(change.sequence, change.settings);
    case 'putUpload':
      return writer.putUpload(change.upload);
    case 'putPart':
      return writer.putPart(change.part);
    case 'removeUpload':
      return writer.removeUpload(change.uploadId);
    case 'postponeNotification':
      return writer.postponeNotification(change.id, change.dueMs);
    case 'removeNotification':
      return writer.removeNotification(change.id);
  }
}

function applyRead(reader: ObjectReader, request: ObjectRead): unknown {
  switch (request.read) {
    case 'find':
      return reader.find(request.bucket, request.key, request.versionId);
    case 'list':
    case 'listVersions':
    case 'listUploads':
      return reader[request.read](request.range);
    case 'findUpload':
    case 'parts':
      return reader[request.read](request.uploadId);
    case 'notifications':
      return reader.notifications(request.untilMs, request.limit);
    default:
      return reader[request.read]();
  }
}

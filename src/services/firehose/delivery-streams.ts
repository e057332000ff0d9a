/** All delivery streams: as they are stored, and at work. */
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import type { DeliveryStreamDependencies } from './delivery-stream.ts';
import { DeliveryStream } from './delivery-stream.ts';
import { KinesisReader } from './kinesis-reader.ts';
import type { DeliveryStreamRecord } from './stream-record.ts';

export interface StreamScope {
  readonly accountId: string;
  readonly region: string;
}

export interface DeliveryStreamsDependencies extends DeliveryStreamDependencies {
  readonly state: StateStore;
  /** Kinesis streams that records may come from. */
  readonly source: StreamSource;
}

const TABLE = 'firehose.streams';

interface Running {
  readonly stream: DeliveryStream;
  readonly reader: KinesisReader | undefined;
}

export class DeliveryStreams {
  readonly #deps: DeliveryStreamsDependencies;
  readonly #running = new Map<string, Running>();

  private constructor(deps: DeliveryStreamsDependencies) {
    this.#deps = deps;
  }

  static async open(deps: DeliveryStreamsDependencies): Promise<DeliveryStreams> {
    const streams = new DeliveryStreams(deps);
    for (const { value } of await deps.state.list<DeliveryStreamRecord>(TABLE)) streams.#add(value);
    return streams;
  }

  find(scope: StreamScope, name: string): DeliveryStream | undefined {
    return this.#running.get(keyOf(scope, name))?.stream;
  }

  /** By name. */
  list(scope: StreamScope): DeliveryStreamRecord[] {
    const prefix = keyOf(scope, '');
    return [...this.#running]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, { stream }]) => stream.record)
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Goes on with what earlier processes have left. */
  async resume(): Promise<void> {
    for (const { stream, reader } of this.#running.values()) {
      await stream.resume();
      reader?.start();
    }
  }

  /** A stream that reads from another does so from the moment this resolves. */
  async create(record: DeliveryStreamRecord): Promise<void> {
    await this.#store(record);
    const { reader } = this.#add(record);
    reader?.start();
    await reader?.begun();
  }

  async update(stream: DeliveryStream, record: DeliveryStreamRecord): Promise<void> {
    await this.#store(record);
    stream.record = record;
  }

  async remove({ record }: DeliveryStream): Promise<void> {
    const key = keyOf(record, record.name);
    const running = this.#running.get(key);
    await this.#deps.state.commit([{ table: TABLE, key, delete: true }]);
    this.#running.delete(key);
    await running?.reader?.forget();
    await running?.stream.discard();
  }

  async close(): Promise<void> {
    const all = [...this.#running.values()];
    await Promise.all(all.map(({ reader }) => reader?.stop()));
    await Promise.all(all.map(({ stream }) => stream.close()));
  }

  #add(record: DeliveryStreamRecord): Running {
    const stream = new DeliveryStream(record, this.#deps);
    const { source } = record;
    const reader = source === undefined ? undefined : new KinesisReader(stream, source, this.#deps);
    const running = { stream, reader };
    this.#running.set(keyOf(record, record.name), running);
    return running;
  }

  async #store(record: DeliveryStreamRecord): Promise<void> {
    await this.#deps.state.commit([{ table: TABLE, key: keyOf(record, record.name), value: record }]);
  }
}

function keyOf({ accountId, region }: StreamScope, name: string): string {
  return `${accountId}/${region}/${name}`;
}

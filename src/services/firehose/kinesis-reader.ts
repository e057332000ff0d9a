/** Reads the Kinesis stream that a delivery stream has as its source, from the moment of its creation on. */
import type { WorkClock } from '../../core/clock.ts';
import type { StreamHandler } from '../../polling/stream-batch.ts';
import { StreamCheckpoints } from '../../polling/stream-checkpoints.ts';
import { StreamPoller } from '../../polling/stream-poller.ts';
import type { Log } from '../../ports/log.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamRecord, StreamSource } from '../../ports/stream-source.ts';
import type { BufferedRecord } from './buffered-record.ts';
import type { DeliveryStream } from './delivery-stream.ts';
import type { KinesisSource } from './stream-record.ts';

export interface KinesisReaderDependencies {
  readonly source: StreamSource;
  readonly state: StateStore;
  readonly clock: WorkClock;
  readonly log: Log;
}

const BATCH_SIZE = 500;
/** Digits of a record's id. */
const ID_DIGITS = 56;

/** What a function would get of a record of Kinesis. */
interface KinesisData {
  readonly kinesis: { readonly data: string; readonly partitionKey: string };
}

export class KinesisReader {
  readonly #poller: StreamPoller<undefined>;
  readonly #state: StateStore;
  readonly #owner: string;

  constructor(
    stream: DeliveryStream,
    { KinesisStreamARN: streamArn }: KinesisSource,
    deps: KinesisReaderDependencies,
  ) {
    const handler: StreamHandler<undefined> = {
      async handle({ shardId, records }) {
        await stream.put(records.map((record) => bufferedRecord(shardId, record)));
        return { run: undefined };
      },
      discard: async () => {},
    };
    this.#state = deps.state;
    this.#owner = `firehose/${stream.record.id}`;
    this.#poller = new StreamPoller(
      { ...deps, handler, owner: this.#owner },
      {
        streamArn,
        start: { at: 'LATEST' },
        batchSize: BATCH_SIZE,
        windowSeconds: 0,
        parallelizationFactor: 1,
        maximumRecordAgeSeconds: -1,
        maximumRetryAttempts: -1,
        bisectsOnError: false,
        tumblingWindowSeconds: 0,
        logFields: { deliveryStream: stream.record.name },
      },
    );
  }

  start(): void {
    this.#poller.start();
  }

  begun(): Promise<void> {
    return this.#poller.begun();
  }

  async stop(): Promise<void> {
    await this.#poller.stop();
  }

  /** Stops, and forgets how far it has come. */
  async forget(): Promise<void> {
    await this.stop();
    await StreamCheckpoints.remove(this.#state, this.#owner);
  }
}

function bufferedRecord(
  shardId: string,
  { record, sequenceNumber, arrivedAtMs }: StreamRecord,
): BufferedRecord {
  const { data, partitionKey } = (record as unknown as KinesisData).kinesis;
  return {
    id: sequenceNumber.padEnd(ID_DIGITS, '0'),
    arrivedMs: arrivedAtMs,
    data: Buffer.from(data, 'base64'),
    kinesis: { shardId, partitionKey, sequenceNumber },
  };
}

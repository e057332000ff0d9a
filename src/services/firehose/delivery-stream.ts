/** One delivery stream at work: records come in, are transformed where a function does that, and go out to S3. */
import { AwsError } from '../../core/errors.ts';
import type { EventQueue } from '../../ports/event-queue.ts';
import type { BufferedRecord } from './buffered-record.ts';
import type { DeliveryLog } from './delivery-log.ts';
import type { ObjectWriter } from './object-writer.ts';
import { delimiterOf, transformationOf } from './processors.ts';
import type { RecordBufferDependencies } from './record-buffer.ts';
import { RecordBuffer } from './record-buffer.ts';
import type { BufferingHints, DeliveryStreamRecord } from './stream-record.ts';
import type { Transformer } from './transformation.ts';

export interface DeliveryStreamDependencies extends Pick<RecordBufferDependencies, 'clock' | 'log'> {
  readonly queue: EventQueue;
  readonly writer: ObjectWriter;
  readonly transformer: Transformer;
  readonly deliveryLog: DeliveryLog;
}

type HandOn = RecordBufferDependencies['handOn'];

export class DeliveryStream {
  record: DeliveryStreamRecord;
  readonly #deps: DeliveryStreamDependencies;
  /** Records that wait to be transformed. */
  readonly #incoming: RecordBuffer;
  readonly #outgoing: RecordBuffer;
  /** What is told of those that could not be transformed. */
  readonly #errors: RecordBuffer;
  readonly #backup: RecordBuffer;

  constructor(record: DeliveryStreamRecord, deps: DeliveryStreamDependencies) {
    this.record = record;
    this.#deps = deps;
    const { writer } = deps;
    this.#incoming = this.#buffer('incoming', () => this.#transformation?.hints, this.#transform);
    this.#outgoing = this.#buffer('outgoing', undefined, (records) =>
      this.#write(() => writer.write(this.record, this.#delimited(records))),
    );
    this.#errors = this.#buffer('errors', undefined, (records) =>
      this.#write(() => writer.writeErrors(this.record, records)),
    );
    this.#backup = this.#buffer(
      'backup',
      () => this.record.destination.backup?.BufferingHints,
      async (records) => {
        const { backup } = this.record.destination;
        if (backup !== undefined) await this.#write(() => writer.writeBackup(this.record, backup, records));
      },
    );
  }

  /** On disk when it resolves. */
  async put(records: readonly BufferedRecord[]): Promise<void> {
    if (this.record.destination.backup !== undefined) await this.#backup.add(records);
    await (this.#transformation === undefined ? this.#outgoing : this.#incoming).add(records);
  }

  /** Goes on with what an earlier process has left. */
  async resume(): Promise<void> {
    for (const buffer of this.#buffers) await buffer.resume();
  }

  async close(): Promise<void> {
    await Promise.all(this.#buffers.map((buffer) => buffer.close()));
  }

  /** What has not been delivered is lost with a stream that is deleted. */
  async discard(): Promise<void> {
    await Promise.all(this.#buffers.map((buffer) => buffer.discard()));
  }

  get #buffers(): readonly RecordBuffer[] {
    return [this.#incoming, this.#outgoing, this.#errors, this.#backup];
  }

  get #transformation() {
    return transformationOf(this.record.destination.ProcessingConfiguration);
  }

  #buffer(kind: string, hints: (() => BufferingHints | undefined) | undefined, handOn: HandOn): RecordBuffer {
    const { queue, clock, log } = this.#deps;
    return new RecordBuffer(`${this.record.id}/${kind}`, {
      queue,
      clock,
      log,
      hints: () => hints?.() ?? this.record.destination.BufferingHints,
      handOn,
    });
  }

  readonly #transform: HandOn = async (records) => {
    const transformation = this.#transformation;
    // The function was taken away while they waited for it.
    if (transformation === undefined) return this.#outgoing.add(records);
    const { transformed, failed, failure } = await this.#deps.transformer.transform(
      this.record,
      transformation,
      records,
    );
    if (failure !== undefined) {
      const { code: errorCode, message } = failure;
      const told = { errorCode, message, processor: transformation.lambdaArn };
      await this.#deps.deliveryLog.tell(this.record, told);
    }
    await this.#errors.add(failed);
    await this.#outgoing.add(transformed);
  };

  async #write(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const errorCode = `S3.${error instanceof AwsError ? error.code : 'InternalError'}`;
      await this.#deps.deliveryLog.tell(this.record, { errorCode, message: String(error) });
      throw error;
    }
  }

  #delimited(records: readonly BufferedRecord[]): readonly BufferedRecord[] {
    const delimiter = Buffer.from(delimiterOf(this.record.destination.ProcessingConfiguration));
    if (delimiter.length === 0) return records;
    return records.map((record) => ({ ...record, data: Buffer.concat([record.data, delimiter]) }));
  }
}

/** Writes records to S3, as objects named as Firehose names them. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { BufferedRecord } from './buffered-record.ts';
import { compressed, extensionOf } from './compression.ts';
import type { PrefixFacts } from './object-prefix.ts';
import { errorPrefix, objectPrefix } from './object-prefix.ts';
import type { DeliveryStreamRecord, S3Settings } from './stream-record.ts';
import { roleCaller } from './stream-record.ts';
import { formatTimestamp } from './timestamp-format.ts';

export interface ObjectWriterDependencies {
  readonly call: Call;
  readonly requireOfRole: RequireOfRole;
  readonly clock: Clock;
  readonly ids: Ids;
}

const BUCKET_ARN = /^arn:[^:]+:s3:::/;

export class ObjectWriter {
  readonly #deps: ObjectWriterDependencies;

  constructor(deps: ObjectWriterDependencies) {
    this.#deps = deps;
  }

  /** Delivered ones. */
  async write(stream: DeliveryStreamRecord, records: readonly BufferedRecord[]): Promise<void> {
    const { destination } = stream;
    const facts = this.#facts(stream, records);
    const prefix = objectPrefix(destination, facts);
    await this.#put(stream, destination, prefix, facts, joined(records));
  }

  /** Those kept as they came. */
  async writeBackup(
    stream: DeliveryStreamRecord,
    backup: S3Settings,
    records: readonly BufferedRecord[],
  ): Promise<void> {
    const facts = this.#facts(stream, records);
    await this.#put(stream, backup, objectPrefix(backup, facts), facts, joined(records));
  }

  /** What is told of records that could not be processed, a line of JSON each. */
  async writeErrors(stream: DeliveryStreamRecord, records: readonly BufferedRecord[]): Promise<void> {
    const { destination } = stream;
    const facts = this.#facts(stream, records);
    const prefix = errorPrefix(destination, facts);
    await this.#put(stream, destination, prefix, facts, joined(records));
  }

  #facts({ destination }: DeliveryStreamRecord, records: readonly BufferedRecord[]): PrefixFacts {
    const arrivedMs = records.reduce((oldest, record) => Math.min(oldest, record.arrivedMs), Infinity);
    return {
      arrivedMs,
      timeZone: destination.CustomTimeZone || 'UTC',
      random: (length) => this.#deps.ids.hex(Math.ceil(length / 2)).slice(0, length),
    };
  }

  async #put(
    stream: DeliveryStreamRecord,
    { BucketARN, RoleARN: roleArn, CompressionFormat: format }: S3Settings,
    prefix: string,
    { arrivedMs, timeZone }: PrefixFacts,
    data: Uint8Array,
  ): Promise<void> {
    const { call, requireOfRole, clock, ids } = this.#deps;
    const { accountId, region, name, version, destination } = stream;
    const time = formatTimestamp('yyyy-MM-dd-HH-mm-ss', arrivedMs, timeZone);
    const entry = `${name}-${version}-${time}-${ids.uuid()}`;
    const Key = `${prefix}${entry}${destination.FileExtension || extensionOf(format)}`;
    await requireOfRole(roleCaller(stream, roleArn), 's3:PutObject', `${BucketARN}/${Key}`);
    const Body = await compressed(format, data, entry, clock.now());
    await call({ accountId, region }, 's3', 'PutObject', {
      Bucket: BucketARN.replace(BUCKET_ARN, ''),
      Key,
      Body,
      ContentType: 'application/octet-stream',
    });
  }
}

function joined(records: readonly BufferedRecord[]): Uint8Array {
  return Buffer.concat(records.map(({ data }) => data));
}

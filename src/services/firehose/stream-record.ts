/** Delivery streams as they are stored; members of destinations carry AWS's names, as the API gives them back. */
import type { CompressionFormat, Processor } from '@aws-sdk/client-firehose';
import type { RoleCaller } from '../../ports/call.ts';

export interface BufferingHints {
  readonly SizeInMBs: number;
  readonly IntervalInSeconds: number;
}

/** Where objects of one kind are written. */
export interface S3Settings {
  readonly RoleARN: string;
  readonly BucketARN: string;
  readonly Prefix?: string;
  readonly ErrorOutputPrefix?: string;
  readonly BufferingHints: BufferingHints;
  readonly CompressionFormat: CompressionFormat;
  readonly CloudWatchLoggingOptions: LoggingOptions;
}

export interface LoggingOptions {
  readonly Enabled: boolean;
  readonly LogGroupName?: string;
  readonly LogStreamName?: string;
}

export interface ProcessingSettings {
  readonly Enabled: boolean;
  readonly Processors: readonly Processor[];
}

export interface DestinationSettings extends S3Settings {
  readonly ProcessingConfiguration?: ProcessingSettings;
  /** Where records are kept as they came; absent: nowhere. */
  readonly backup?: S3Settings;
  readonly FileExtension?: string;
  readonly CustomTimeZone?: string;
}

export interface KinesisSource {
  readonly KinesisStreamARN: string;
  readonly RoleARN: string;
}

export interface DeliveryStreamRecord {
  /** Of this stream and of no other that bears its name later. */
  readonly id: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly createdMs: number;
  readonly updatedMs?: number;
  /** Grows by one with each change of the destination. */
  readonly version: number;
  readonly source?: KinesisSource;
  readonly destination: DestinationSettings;
  readonly tags: Readonly<Record<string, string>>;
}

export function deliveryStreamArn({ region, accountId, name }: DeliveryStreamRecord): string {
  return `arn:aws:firehose:${region}:${accountId}:deliverystream/${name}`;
}

/** Whom the roles of delivery streams trust. */
const PRINCIPAL = 'firehose.amazonaws.com';

/** Firehose in a role of the stream: that of its destination where none is named. */
export function roleCaller(
  { accountId, region, name, destination }: DeliveryStreamRecord,
  roleArn: string = destination.RoleARN,
): RoleCaller {
  return { accountId, region, roleArn, principal: PRINCIPAL, sessionName: name };
}

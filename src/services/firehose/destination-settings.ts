import type {
  CreateDeliveryStreamInput,
  ExtendedS3DestinationConfiguration,
  ExtendedS3DestinationUpdate,
  S3DestinationConfiguration,
} from '@aws-sdk/client-firehose';
import { isCompressionWritten } from './compression.ts';
import { invalidArgument, notImplemented } from './firehose-errors.ts';
import { checkPrefixes } from './object-prefix.ts';
import { checkProcessing } from './processors.ts';
import type { BufferingHints, DestinationSettings, S3Settings } from './stream-record.ts';

/** Defaults of the API reference, BufferingHints. */
const DEFAULT_HINTS: BufferingHints = { SizeInMBs: 5, IntervalInSeconds: 300 };
const BUCKET_ARN = /^arn:[^:]+:s3:::[^/]+$/;

/** Throws `InvalidArgumentException`, and `NotImplemented` for what records could go to besides S3. */
export function destinationOf(input: CreateDeliveryStreamInput): DestinationSettings {
  const given = Object.keys(input).filter((member) => /Destination(Configuration|Update)$/.test(member));
  if (given.length !== 1) {
    throw invalidArgument('Exactly one destination configuration is supported for a Firehose');
  }
  const { ExtendedS3DestinationConfiguration: extended, S3DestinationConfiguration: plain } = input;
  const configuration = extended ?? plain;
  if (configuration === undefined) throw notImplemented(`the destination ${given[0]}`);
  return settingsOf(configuration);
}

/** As before, except for what `update` has. */
export function updatedDestination(
  before: DestinationSettings,
  { S3BackupUpdate: backupUpdate, ...update }: ExtendedS3DestinationUpdate,
): DestinationSettings {
  const { backup, ...settings } = before;
  if (backup !== undefined && update.S3BackupMode === 'Disabled') {
    throw invalidArgument('S3 backup cannot be disabled once it is enabled.');
  }
  const backupSettings = backupUpdate === undefined ? backup : { ...backup, ...backupUpdate };
  return settingsOf({
    ...settings,
    ...(backup === undefined ? {} : { S3BackupMode: 'Enabled' }),
    ...(backupSettings === undefined ? {} : { S3BackupConfiguration: backupSettings }),
    ...update,
  } as ExtendedS3DestinationConfiguration);
}

function settingsOf(configuration: ExtendedS3DestinationConfiguration): DestinationSettings {
  const { ProcessingConfiguration: processing, S3BackupMode, S3BackupConfiguration } = configuration;
  const { FileExtension, CustomTimeZone, DynamicPartitioningConfiguration } = configuration;
  if (configuration.DataFormatConversionConfiguration?.Enabled) {
    throw notImplemented('DataFormatConversionConfiguration');
  }
  if (DynamicPartitioningConfiguration?.Enabled) throw notImplemented('DynamicPartitioningConfiguration');
  if (CustomTimeZone) checkTimeZone(CustomTimeZone);
  const isBackedUp = S3BackupMode === 'Enabled';
  if (isBackedUp && S3BackupConfiguration === undefined) {
    throw invalidArgument('S3BackupConfiguration must be given where S3BackupMode is Enabled.');
  }
  const processors = { Enabled: processing?.Enabled ?? false, Processors: processing?.Processors ?? [] };
  checkProcessing(processors);
  return {
    ...s3SettingsOf(configuration),
    ...(processing === undefined ? {} : { ProcessingConfiguration: processors }),
    ...(isBackedUp ? { backup: s3SettingsOf(S3BackupConfiguration!) } : {}),
    ...(FileExtension === undefined ? {} : { FileExtension }),
    ...(CustomTimeZone === undefined ? {} : { CustomTimeZone }),
  };
}

function s3SettingsOf(configuration: S3DestinationConfiguration): S3Settings {
  const { RoleARN, BucketARN, Prefix, ErrorOutputPrefix, BufferingHints: hints } = configuration;
  const { CompressionFormat = 'UNCOMPRESSED', EncryptionConfiguration } = configuration;
  const { CloudWatchLoggingOptions: logging } = configuration;
  if (!BUCKET_ARN.test(BucketARN!)) throw invalidArgument(`Bucket ARN ${BucketARN} is not valid.`);
  if (!isCompressionWritten(CompressionFormat)) {
    throw notImplemented(`the compression format ${CompressionFormat}`);
  }
  if (EncryptionConfiguration?.KMSEncryptionConfig !== undefined) {
    throw notImplemented('KMSEncryptionConfig');
  }
  checkPrefixes(Prefix, ErrorOutputPrefix);
  return {
    RoleARN: RoleARN!,
    BucketARN: BucketARN!,
    ...(Prefix === undefined ? {} : { Prefix }),
    ...(ErrorOutputPrefix === undefined ? {} : { ErrorOutputPrefix }),
    BufferingHints: {
      SizeInMBs: hints?.SizeInMBs ?? DEFAULT_HINTS.SizeInMBs,
      IntervalInSeconds: hints?.IntervalInSeconds ?? DEFAULT_HINTS.IntervalInSeconds,
    },
    CompressionFormat,
    CloudWatchLoggingOptions: loggingOf(logging),
  };
}

function loggingOf(logging: S3DestinationConfiguration['CloudWatchLoggingOptions']) {
  const { Enabled = false, LogGroupName, LogStreamName } = logging ?? {};
  if (Enabled && (LogGroupName === undefined || LogStreamName === undefined)) {
    throw invalidArgument('LogGroupName and LogStreamName must be given where logging is enabled.');
  }
  return {
    Enabled,
    ...(LogGroupName === undefined ? {} : { LogGroupName }),
    ...(LogStreamName === undefined ? {} : { LogStreamName }),
  };
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
  } catch {
    throw invalidArgument(`${timeZone} is not a time zone.`);
  }
}

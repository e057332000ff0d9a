import type { DeliveryStreamDescription, DestinationDescription } from '@aws-sdk/client-firehose';
import type { DeliveryStreamRecord, DestinationSettings, S3Settings } from './stream-record.ts';
import { deliveryStreamArn } from './stream-record.ts';

/** A stream has one destination. */
export const DESTINATION_ID = 'destinationId-000000000001';

export function describedStream(
  record: DeliveryStreamRecord,
  afterDestination = '',
): DeliveryStreamDescription {
  const { source, createdMs, updatedMs } = record;
  return {
    DeliveryStreamName: record.name,
    DeliveryStreamARN: deliveryStreamArn(record),
    DeliveryStreamStatus: 'ACTIVE',
    DeliveryStreamEncryptionConfiguration: { Status: 'DISABLED' },
    DeliveryStreamType: source === undefined ? 'DirectPut' : 'KinesisStreamAsSource',
    VersionId: String(record.version),
    CreateTimestamp: new Date(createdMs),
    ...(updatedMs === undefined ? {} : { LastUpdateTimestamp: new Date(updatedMs) }),
    ...(source === undefined
      ? {}
      : {
          Source: {
            KinesisStreamSourceDescription: { ...source, DeliveryStartTimestamp: new Date(createdMs) },
          },
        }),
    Destinations: afterDestination < DESTINATION_ID ? [described(record.destination)] : [],
    HasMoreDestinations: false,
  };
}

function described(destination: DestinationSettings): DestinationDescription {
  const { backup, ProcessingConfiguration, FileExtension, CustomTimeZone } = destination;
  const plain = describedS3(destination);
  return {
    DestinationId: DESTINATION_ID,
    S3DestinationDescription: plain,
    ExtendedS3DestinationDescription: {
      ...plain,
      S3BackupMode: backup === undefined ? 'Disabled' : 'Enabled',
      ...(backup === undefined ? {} : { S3BackupDescription: describedS3(backup) }),
      ...(ProcessingConfiguration === undefined
        ? {}
        : {
            ProcessingConfiguration: {
              ...ProcessingConfiguration,
              Processors: [...ProcessingConfiguration.Processors],
            },
          }),
      ...(FileExtension === undefined ? {} : { FileExtension }),
      ...(CustomTimeZone === undefined ? {} : { CustomTimeZone }),
    },
  };
}

function describedS3(settings: S3Settings) {
  const { RoleARN, BucketARN, Prefix, ErrorOutputPrefix } = settings;
  return {
    RoleARN,
    BucketARN,
    ...(Prefix === undefined ? {} : { Prefix }),
    ...(ErrorOutputPrefix === undefined ? {} : { ErrorOutputPrefix }),
    BufferingHints: settings.BufferingHints,
    CompressionFormat: settings.CompressionFormat,
    EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' as const },
    CloudWatchLoggingOptions: settings.CloudWatchLoggingOptions,
  };
}

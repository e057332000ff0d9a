/** What CreateEventSourceMapping and UpdateEventSourceMapping may set, in AWS's words. */
import type {
  CreateEventSourceMappingCommandInput,
  UpdateEventSourceMappingCommandInput,
} from '@aws-sdk/client-lambda';
import { parseArn } from '../../core/arn.ts';
import { EventPatternError } from '../../core/event-pattern/event-pattern.ts';
import { recordFilter } from '../../polling/record-filter.ts';
import type { SourceDescription } from '../../ports/event-source.ts';
import { invalidParameter, notImplemented } from '../control/lambda-errors.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { MappingRecord } from '../records/mapping-table.ts';

export type MappingInput = Omit<UpdateEventSourceMappingCommandInput, 'UUID'> &
  Pick<
    CreateEventSourceMappingCommandInput,
    'StartingPosition' | 'StartingPositionTimestamp' | 'Topics' | 'Queues'
  >;

export type MappingSettings = Pick<
  MappingRecord,
  'enabled' | 'batchSize' | 'windowSeconds' | 'filters' | 'reportsItemFailures' | 'maximumConcurrency'
>;

/** Messages that AWS takes at most without a window. */
const MAX_BATCH_WITHOUT_WINDOW = 10;
const DEFAULT_BATCH_SIZE = 10;

/** Sources of Lambda that nothing here polls, by the service of their ARNs. */
const UNWRITTEN_SOURCES: Readonly<Record<string, string>> = {
  kinesis: 'Kinesis streams',
  dynamodb: 'DynamoDB streams',
  kafka: 'Amazon MSK',
  mq: 'Amazon MQ',
  rds: 'DocumentDB',
};

/** Members that nothing here would act upon. */
const UNWRITTEN_MEMBERS = ['KMSKeyArn', 'MetricsConfig', 'LoggingConfig', 'ProvisionedPollerConfig'] as const;

/** Members that sources of other kinds have. */
const NOT_FOR_SQS = [
  'StartingPosition',
  'StartingPositionTimestamp',
  'ParallelizationFactor',
  'BisectBatchOnFunctionError',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'TumblingWindowInSeconds',
  'DestinationConfig',
  'SourceAccessConfigurations',
  'Topics',
  'Queues',
  'AmazonManagedKafkaEventSourceConfig',
  'SelfManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
] as const;

/** The ARN of a source that can be polled; throws for every other. */
export function checkedSource(operation: string, input: CreateEventSourceMappingCommandInput): string {
  if (input.SelfManagedEventSource !== undefined)
    throw notImplemented(operation, 'self-managed Kafka as a source');
  const arn = input.EventSourceArn;
  const service = arn === undefined ? undefined : parseArn(arn)?.service;
  if (arn === undefined || service === undefined) throw invalidParameter('Unrecognized event source.');
  const unwritten = UNWRITTEN_SOURCES[service];
  if (unwritten !== undefined) throw notImplemented(operation, `${unwritten} as a source`);
  if (service !== 'sqs') throw invalidParameter('Unrecognized event source.');
  return arn;
}

/** The settings before with what `input` changes of them. */
export function changedSettings(
  operation: string,
  before: MappingSettings | undefined,
  input: MappingInput,
): MappingSettings {
  for (const member of UNWRITTEN_MEMBERS) {
    if (input[member] !== undefined) throw notImplemented(operation, member);
  }
  for (const member of NOT_FOR_SQS) {
    if (input[member] !== undefined) throw invalidParameter(`${member} is not valid for SQS event sources.`);
  }
  const filters =
    input.FilterCriteria === undefined
      ? before?.filters
      : input.FilterCriteria.Filters?.map(({ Pattern = '' }) => Pattern);
  checkFilters(filters);
  const maximumConcurrency =
    input.ScalingConfig === undefined ? before?.maximumConcurrency : input.ScalingConfig.MaximumConcurrency;
  return {
    enabled: input.Enabled ?? before?.enabled ?? true,
    batchSize: input.BatchSize ?? before?.batchSize ?? DEFAULT_BATCH_SIZE,
    windowSeconds: input.MaximumBatchingWindowInSeconds ?? before?.windowSeconds ?? 0,
    reportsItemFailures:
      input.FunctionResponseTypes?.includes('ReportBatchItemFailures') ??
      before?.reportsItemFailures ??
      false,
    ...(filters === undefined || filters.length === 0 ? {} : { filters }),
    ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
  };
}

function checkFilters(filters: readonly string[] | undefined): void {
  try {
    recordFilter(filters);
  } catch (error) {
    // Recorded, for every kind of mistake.
    if (error instanceof EventPatternError) throw invalidParameter('Invalid filter pattern definition.');
    throw error;
  }
}

/** What the settings, the queue and the function are to one another. */
export function checkSettings(
  { batchSize, windowSeconds }: MappingSettings,
  queue: SourceDescription | undefined,
  { timeoutSeconds }: FunctionRecord,
): void {
  if (queue === undefined) {
    // Recorded.
    throw invalidParameter(
      'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
    );
  }
  if (queue.isOrdered && windowSeconds > 0) {
    throw invalidParameter('Batching window is not supported for FIFO queues.');
  }
  if (queue.isOrdered && batchSize > MAX_BATCH_WITHOUT_WINDOW) {
    throw invalidParameter('Maximum batch size for a FIFO queue is 10.');
  }
  if (batchSize > MAX_BATCH_WITHOUT_WINDOW && windowSeconds === 0) {
    // Recorded.
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  if (queue.visibilityTimeoutSeconds < timeoutSeconds) {
    throw invalidParameter(
      `Queue visibility timeout: ${queue.visibilityTimeoutSeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
  }
}

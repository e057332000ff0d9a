/** What CreateEventSourceMapping and UpdateEventSourceMapping may set, in AWS's words. */
import type { CreateEventSourceMappingCommandInput } from '@aws-sdk/client-lambda';
import { parseArn } from '../../core/arn.ts';
import { EventPatternError } from '../../core/event-pattern/event-pattern.ts';
import { recordFilter } from '../../polling/record-filter.ts';
import { invalidParameter, notImplemented } from '../control/lambda-errors.ts';
import type { ProvisionedPollers } from '../records/mapping-table.ts';
import {
  changedBroker,
  DEFAULT_BROKER_BATCH_SIZE,
  DEFAULT_BROKER_WINDOW_SECONDS,
  isBroker,
} from './broker-settings.ts';
import {
  changedKafka,
  checkedCluster,
  DEFAULT_KAFKA_WINDOW_SECONDS,
  isKafka,
  refuseForeignMembers,
} from './kafka-settings.ts';
import type { MappingInput, MappingSettings } from './mapping-input.ts';
import { refuseMembers } from './mapping-input.ts';
import { changedPollers, QUEUE_POLLERS } from './provisioned-pollers.ts';
import { DEFAULT_QUEUE_BATCH_SIZE, refuseStreamMembers } from './queue-settings.ts';
import { changedStream, DEFAULT_STREAM_BATCH_SIZE, refuseQueueMembers } from './stream-settings.ts';

/** Sources of Lambda that nothing here polls, by the service of their ARNs. */
const UNWRITTEN_SOURCES: Readonly<Record<string, string>> = {
  rds: 'DocumentDB',
};

/** Members that nothing here would act upon. */
const UNWRITTEN_MEMBERS = ['LoggingConfig'] as const;

const STREAM_SERVICES = ['kinesis', 'dynamodb'];

/** Whether an ARN of a source names a stream. */
export function isStream(eventSourceArn: string): boolean {
  return STREAM_SERVICES.includes(parseArn(eventSourceArn)?.service ?? '');
}

/** The ARN of a source that can be polled; throws for every other. */
export function checkedSource(operation: string, input: CreateEventSourceMappingCommandInput): string {
  if (input.SelfManagedEventSource !== undefined) return checkedCluster(operation, input);
  const arn = input.EventSourceArn;
  const service = arn === undefined ? undefined : parseArn(arn)?.service;
  if (arn === undefined || service === undefined) throw invalidParameter('Unrecognized event source.');
  const unwritten = UNWRITTEN_SOURCES[service];
  if (unwritten !== undefined) throw notImplemented(operation, `${unwritten} as a source`);
  if (service === 'kafka') return checkedCluster(operation, input);
  if (service !== 'sqs' && !isStream(arn) && !isBroker(arn))
    throw invalidParameter('Unrecognized event source.');
  return arn;
}

/** The settings before with what `input` changes of them. */
export function changedSettings(
  operation: string,
  eventSourceArn: string,
  before: MappingSettings | undefined,
  input: MappingInput,
): MappingSettings {
  for (const member of UNWRITTEN_MEMBERS) {
    if (input[member] !== undefined) throw notImplemented(operation, member);
  }
  const fromKafka = isKafka(eventSourceArn);
  const fromStream = fromKafka || isStream(eventSourceArn);
  const broker = isBroker(eventSourceArn) ? changedBroker(before?.broker, input) : undefined;
  if (fromKafka) refuseForeignMembers(input, eventSourceArn);
  else if (fromStream) refuseQueueMembers(input);
  else if (broker === undefined) refuseStreamMembers(input);
  const filters =
    input.FilterCriteria === undefined
      ? before?.filters
      : input.FilterCriteria.Filters?.map(({ Pattern = '' }) => Pattern);
  checkFilters(filters);
  const kmsKeyArn = input.KMSKeyArn ?? before?.kmsKeyArn;
  const maximumConcurrency =
    input.ScalingConfig === undefined ? before?.maximumConcurrency : input.ScalingConfig.MaximumConcurrency;
  const provisionedPollers = changedProvision(operation, eventSourceArn, before, input);
  refuseBoth(maximumConcurrency, provisionedPollers);
  const countsEvents =
    input.MetricsConfig === undefined
      ? before?.countsEvents
      : input.MetricsConfig.Metrics?.includes('EventCount');
  const sourceDefaults = defaultsOf(eventSourceArn);
  return {
    enabled: input.Enabled ?? before?.enabled ?? true,
    batchSize: input.BatchSize ?? before?.batchSize ?? sourceDefaults.batchSize,
    windowSeconds:
      input.MaximumBatchingWindowInSeconds ?? before?.windowSeconds ?? sourceDefaults.windowSeconds,
    reportsItemFailures:
      input.FunctionResponseTypes?.includes('ReportBatchItemFailures') ??
      before?.reportsItemFailures ??
      false,
    ...(filters === undefined || filters.length === 0 ? {} : { filters }),
    ...(kmsKeyArn === undefined || kmsKeyArn === '' ? {} : { kmsKeyArn }),
    ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
    ...(provisionedPollers === undefined ? {} : { provisionedPollers }),
    ...(countsEvents === true ? { countsEvents } : {}),
    ...(fromStream ? { stream: changedStream(eventSourceArn, before?.stream, input) } : {}),
    ...(broker === undefined ? {} : { broker }),
    ...(fromKafka ? { kafka: changedKafka(operation, eventSourceArn, before?.kafka, input) } : {}),
  };
}

/** Which sources have provisioned mode; source: API reference, ProvisionedPollerConfig. */
function changedProvision(
  operation: string,
  eventSourceArn: string,
  before: MappingSettings | undefined,
  input: MappingInput,
): ProvisionedPollers | undefined {
  if (parseArn(eventSourceArn)?.service === 'sqs')
    return changedPollers(before?.provisionedPollers, input.ProvisionedPollerConfig, QUEUE_POLLERS);
  if (input.ProvisionedPollerConfig !== undefined && isKafka(eventSourceArn))
    throw notImplemented(operation, 'ProvisionedPollerConfig of a Kafka cluster');
  refuseMembers(input, ['ProvisionedPollerConfig']);
  return undefined;
}

/** Source: developer guide, "Configuring scaling behavior": they exclude each other; the words are not known. */
function refuseBoth(maximumConcurrency: number | undefined, pollers: ProvisionedPollers | undefined): void {
  if (maximumConcurrency === undefined || pollers === undefined) return;
  throw invalidParameter('ScalingConfig and ProvisionedPollerConfig cannot be set for the same mapping.');
}

/** What a mapping has that says nothing of it. */
function defaultsOf(eventSourceArn: string): Pick<MappingSettings, 'batchSize' | 'windowSeconds'> {
  if (isKafka(eventSourceArn))
    return { batchSize: DEFAULT_STREAM_BATCH_SIZE, windowSeconds: DEFAULT_KAFKA_WINDOW_SECONDS };
  if (isStream(eventSourceArn)) return { batchSize: DEFAULT_STREAM_BATCH_SIZE, windowSeconds: 0 };
  return isBroker(eventSourceArn)
    ? { batchSize: DEFAULT_BROKER_BATCH_SIZE, windowSeconds: DEFAULT_BROKER_WINDOW_SECONDS }
    : { batchSize: DEFAULT_QUEUE_BATCH_SIZE, windowSeconds: 0 };
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

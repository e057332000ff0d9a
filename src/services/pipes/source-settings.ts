/** What may be a source, and how it is read. */
import type { PipeSourceKinesisStreamParameters, PipeSourceParameters } from '@aws-sdk/client-pipes';
import { parseArn } from '../../core/arn.ts';
import { EventPatternError, parseEventPattern } from '../../core/event-pattern/event-pattern.ts';
import type { StreamPolling } from '../../polling/stream-batch.ts';
import type { StreamStart } from '../../ports/stream-source.ts';
import type { PipeRecord } from './pipe-record.ts';
import { invalid, notImplemented } from './pipes-errors.ts';
import { maxTargetRecords } from './target-settings.ts';

/** Where the caller sets none; DescribePipe shows them. Known from the tests of Terraform's provider. */
const DEFAULT_QUEUE_BATCH = 10;
const DEFAULT_STREAM_BATCH = 100;
/** Source: Lambda's mappings, by which queues are read here as there. */
const MAX_WINDOWLESS_BATCH = 10;
const BROKERS: ReadonlySet<string> = new Set(['kafka', 'mq']);

/** Those of DynamoDB are the same, but for a time to start from. */
type StreamParameters = PipeSourceKinesisStreamParameters;
type SourceKind = 'SqsQueueParameters' | 'KinesisStreamParameters' | 'DynamoDBStreamParameters';

const KINDS: Readonly<Record<string, SourceKind>> = {
  dynamodb: 'DynamoDBStreamParameters',
  kinesis: 'KinesisStreamParameters',
  sqs: 'SqsQueueParameters',
};

/** As it is stored and shown, with defaults in place. Throws `ValidationException`, `NotImplemented` for brokers. */
export function checkedSource(
  source: string,
  given: PipeSourceParameters = {},
  target: string,
): PipeSourceParameters {
  const kind = sourceKind(source);
  const { FilterCriteria } = given;
  const others = Object.entries({ ...given, FilterCriteria: undefined, [kind]: undefined });
  const stray = others.find(([, value]) => value !== undefined);
  if (stray !== undefined) throw invalid(`${stray[0]} does not apply to the source ${source}.`);
  for (const { Pattern } of FilterCriteria?.Filters ?? []) checkPattern(Pattern);
  const isQueue = kind === 'SqsQueueParameters';
  const shared = {
    BatchSize: Math.min(isQueue ? DEFAULT_QUEUE_BATCH : DEFAULT_STREAM_BATCH, maxTargetRecords(target)),
    MaximumBatchingWindowInSeconds: 0,
    ...given[kind],
  };
  checkBatch(shared.BatchSize!, shared.MaximumBatchingWindowInSeconds!, isQueue, target);
  const parameters = isQueue ? shared : checkedStream(kind, { ...shared } as Partial<StreamParameters>);
  return { ...(FilterCriteria === undefined ? {} : { FilterCriteria }), [kind]: parameters };
}

function sourceKind(source: string): SourceKind {
  if (source.startsWith('smk://')) throw notImplemented('self-managed Kafka as a source');
  const service = parseArn(source)?.service ?? '';
  if (BROKERS.has(service)) throw notImplemented(`sources of ${service}`);
  const kind = KINDS[service];
  if (kind === undefined) throw invalid(`${source} is not a source of pipes.`);
  return kind;
}

function checkPattern(pattern: string | undefined): void {
  try {
    parseEventPattern(pattern ?? '');
  } catch (error) {
    if (error instanceof EventPatternError) throw invalid(`Invalid filter pattern: ${error.message}`);
    throw error;
  }
}

function checkBatch(size: number, windowSeconds: number, isQueue: boolean, target: string): void {
  const most = maxTargetRecords(target);
  if (size > most)
    throw invalid(`BatchSize must not be larger than ${most}, which the target takes at once.`);
  if (isQueue && size > MAX_WINDOWLESS_BATCH && windowSeconds === 0)
    throw invalid('MaximumBatchingWindowInSeconds must be 1 or more where BatchSize is larger than 10.');
}

function checkedStream(kind: SourceKind, given: Partial<StreamParameters>): Partial<StreamParameters> {
  const { StartingPosition, StartingPositionTimestamp, DeadLetterConfig } = given;
  if (StartingPosition === undefined) throw invalid(`${kind}.StartingPosition is required.`);
  if ((StartingPosition === 'AT_TIMESTAMP') !== (StartingPositionTimestamp !== undefined))
    throw invalid('StartingPositionTimestamp belongs to the starting position AT_TIMESTAMP.');
  const letters = DeadLetterConfig?.Arn === undefined ? undefined : parseArn(DeadLetterConfig.Arn)?.service;
  if (DeadLetterConfig?.Arn !== undefined && letters !== 'sqs' && letters !== 'sns')
    throw invalid('DeadLetterConfig.Arn must be of a queue of SQS or a topic of SNS.');
  return { MaximumRecordAgeInSeconds: -1, MaximumRetryAttempts: -1, ParallelizationFactor: 1, ...given };
}

/** What the role of a pipe has to allow. Source: user guide, "Permissions for Amazon EventBridge Pipes". */
const READING: Readonly<Record<string, readonly string[]>> = {
  dynamodb: ['DescribeStream', 'GetRecords', 'GetShardIterator'],
  kinesis: ['DescribeStream', 'GetRecords', 'GetShardIterator'],
  sqs: ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'],
};

/** Actions on the source, such as `sqs:ReceiveMessage`. */
export function readingActions(source: string): readonly string[] {
  const service = parseArn(source)!.service;
  return READING[service]!.map((action) => `${service}:${action}`);
}

export function isQueueSource(source: string): boolean {
  return parseArn(source)?.service === 'sqs';
}

export function filtersOf({ sourceParameters }: PipeRecord): { readonly filters?: readonly string[] } {
  const filters = (sourceParameters.FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern ?? '');
  return filters.length === 0 ? {} : { filters };
}

function streamParameters({ sourceParameters }: PipeRecord): Partial<StreamParameters> {
  return {
    ...sourceParameters.KinesisStreamParameters,
    ...sourceParameters.DynamoDBStreamParameters,
  } as Partial<StreamParameters>;
}

/** ARN of where batches of a stream go that are given up. */
export function deadLetterArn(pipe: PipeRecord): string | undefined {
  return streamParameters(pipe).DeadLetterConfig?.Arn;
}

export function streamPolling(pipe: PipeRecord): StreamPolling {
  const parameters = streamParameters(pipe);
  return {
    streamArn: pipe.source,
    start: streamStart(parameters),
    batchSize: parameters.BatchSize!,
    windowSeconds: parameters.MaximumBatchingWindowInSeconds!,
    parallelizationFactor: parameters.ParallelizationFactor!,
    maximumRecordAgeSeconds: parameters.MaximumRecordAgeInSeconds!,
    maximumRetryAttempts: parameters.MaximumRetryAttempts!,
    bisectsOnError: parameters.OnPartialBatchItemFailure === 'AUTOMATIC_BISECT',
    tumblingWindowSeconds: 0,
    ...filtersOf(pipe),
    logFields: { pipe: pipe.name, source: pipe.source },
  };
}

function streamStart({
  StartingPosition,
  StartingPositionTimestamp,
}: Partial<StreamParameters>): StreamStart {
  if (StartingPosition !== 'AT_TIMESTAMP') return { at: StartingPosition! };
  // A date, or its text where the record was read from the disk.
  return { at: 'AT_TIMESTAMP', timestampMs: new Date(StartingPositionTimestamp!).getTime() };
}

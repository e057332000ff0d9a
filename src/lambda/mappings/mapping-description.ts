/** A mapping as the API tells of it: fields and words as recorded for queues and for streams. */
import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { MappingRecord, StreamMapping } from '../records/mapping-table.ts';
import { mappingArn } from '../records/mapping-table.ts';
import type { MappingState } from './mapping-pollers.ts';
import type { ProcessingResult } from './stream-batches.ts';

export function identifierOf(record: MappingRecord): FunctionIdentifier {
  const { accountId, region, functionName, qualifier } = record;
  return { accountId, region, functionName, qualifier };
}

export function describedMapping(
  record: MappingRecord,
  state: MappingState,
  lastResult: ProcessingResult,
): EventSourceMappingConfiguration {
  const { filters, reportsItemFailures, stream } = record;
  return {
    UUID: record.uuid,
    BatchSize: record.batchSize,
    MaximumBatchingWindowInSeconds: record.windowSeconds,
    EventSourceArn: record.eventSourceArn,
    ...(filters === undefined
      ? {}
      : { FilterCriteria: { Filters: filters.map((Pattern) => ({ Pattern })) } }),
    FunctionArn: functionArn(identifierOf(record)),
    LastModified: new Date(record.lastModifiedMs),
    State: state,
    FunctionResponseTypes: reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    ...(record.countsEvents === true ? { MetricsConfig: { Metrics: ['EventCount'] } } : {}),
    EventSourceMappingArn: mappingArn(record),
    ...(stream === undefined ? queueMembers(record) : streamMembers(stream, lastResult)),
  };
}

function queueMembers({ maximumConcurrency }: MappingRecord): EventSourceMappingConfiguration {
  return {
    StateTransitionReason: 'USER_INITIATED',
    ...(maximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
  };
}

function streamMembers(stream: StreamMapping, lastResult: ProcessingResult): EventSourceMappingConfiguration {
  const { startingTimestampMs, onFailureArn } = stream;
  return {
    StateTransitionReason: 'User action',
    StartingPosition: stream.startingPosition,
    ...(startingTimestampMs === undefined
      ? {}
      : { StartingPositionTimestamp: new Date(startingTimestampMs) }),
    ParallelizationFactor: stream.parallelizationFactor,
    MaximumRecordAgeInSeconds: stream.maximumRecordAgeSeconds,
    MaximumRetryAttempts: stream.maximumRetryAttempts,
    BisectBatchOnFunctionError: stream.bisectsOnError,
    TumblingWindowInSeconds: stream.tumblingWindowSeconds,
    DestinationConfig: { OnFailure: onFailureArn === undefined ? {} : { Destination: onFailureArn } },
    LastProcessingResult: lastResult,
  };
}

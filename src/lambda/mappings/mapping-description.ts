/** A mapping as the API tells of it: fields and words as recorded for queues and for streams. */
import type { EventSourceMappingConfiguration, FilterCriteriaError } from '@aws-sdk/client-lambda';
import type { BrokerMapping } from '../records/broker-mapping.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { KafkaMapping, MappingRecord, StreamMapping } from '../records/mapping-table.ts';
import { mappingArn } from '../records/mapping-table.ts';
import { consumerGroupOf, SELF_MANAGED } from './kafka-settings.ts';
import type { MappingState } from './mapping-pollers.ts';
import { pollerMembers } from './provisioned-pollers.ts';
import type { ProcessingResult } from './stream-batches.ts';

export function identifierOf(record: MappingRecord): FunctionIdentifier {
  const { accountId, region, functionName, qualifier } = record;
  return { accountId, region, functionName, qualifier };
}

export function describedMapping(
  record: MappingRecord,
  state: MappingState,
  lastResult: ProcessingResult,
  filterError?: FilterCriteriaError,
): EventSourceMappingConfiguration {
  const { filters, kmsKeyArn, reportsItemFailures, stream, kafka, broker } = record;
  return {
    UUID: record.uuid,
    BatchSize: record.batchSize,
    // What a source has of itself may be less than the API can say.
    MaximumBatchingWindowInSeconds: Math.floor(record.windowSeconds),
    ...(record.eventSourceArn === SELF_MANAGED ? {} : { EventSourceArn: record.eventSourceArn }),
    ...(filters === undefined
      ? {}
      : { FilterCriteria: { Filters: filters.map((Pattern) => ({ Pattern })) } }),
    ...(filterError === undefined ? {} : { FilterCriteriaError: filterError }),
    ...(kmsKeyArn === undefined ? {} : { KMSKeyArn: kmsKeyArn }),
    FunctionArn: functionArn(identifierOf(record)),
    LastModified: new Date(record.lastModifiedMs),
    State: state,
    FunctionResponseTypes: reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    ...(record.countsEvents === true ? { MetricsConfig: { Metrics: ['EventCount'] } } : {}),
    EventSourceMappingArn: mappingArn(record),
    ...(stream === undefined ? queueMembers(record) : streamMembers(stream, lastResult)),
    ...(kafka === undefined ? perShardMembers(stream) : kafkaMembers(record, kafka)),
    ...(broker === undefined ? {} : brokerMembers(broker, lastResult)),
  };
}

function queueMembers({
  maximumConcurrency,
  provisionedPollers,
}: MappingRecord): EventSourceMappingConfiguration {
  return {
    StateTransitionReason: 'USER_INITIATED',
    ...(maximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
    ...pollerMembers(provisionedPollers),
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
    MaximumRecordAgeInSeconds: stream.maximumRecordAgeSeconds,
    MaximumRetryAttempts: stream.maximumRetryAttempts,
    BisectBatchOnFunctionError: stream.bisectsOnError,
    DestinationConfig: { OnFailure: onFailureArn === undefined ? {} : { Destination: onFailureArn } },
    LastProcessingResult: lastResult,
  };
}

/** What streams have and topics do not. */
function perShardMembers(stream: StreamMapping | undefined): EventSourceMappingConfiguration {
  if (stream === undefined) return {};
  const { parallelizationFactor, tumblingWindowSeconds } = stream;
  return { ParallelizationFactor: parallelizationFactor, TumblingWindowInSeconds: tumblingWindowSeconds };
}

/** Source: answers of the API in the guides on self-managed Apache Kafka and Amazon MSK. */
function kafkaMembers(record: MappingRecord, kafka: KafkaMapping): EventSourceMappingConfiguration {
  const { topic, bootstrapServers, access } = kafka;
  const config = { ConsumerGroupId: consumerGroupOf(record) };
  return {
    StateTransitionReason: 'USER_INITIATED',
    Topics: [topic],
    ...(access.length === 0
      ? {}
      : { SourceAccessConfigurations: access.map(({ type, uri }) => ({ Type: type, URI: uri })) }),
    ...(bootstrapServers === undefined
      ? { AmazonManagedKafkaEventSourceConfig: config }
      : {
          SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: [...bootstrapServers] } },
          SelfManagedKafkaEventSourceConfig: config,
        }),
  };
}

/** Source: the answer of CreateEventSourceMapping in the guide on Amazon MQ. */
function brokerMembers(
  { queue, secretArn, virtualHost }: BrokerMapping,
  lastResult: ProcessingResult,
): EventSourceMappingConfiguration {
  return {
    LastProcessingResult: lastResult,
    Queues: [queue],
    SourceAccessConfigurations: [
      { Type: 'BASIC_AUTH', URI: secretArn },
      ...(virtualHost === undefined ? [] : [{ Type: 'VIRTUAL_HOST' as const, URI: virtualHost }]),
    ],
  };
}

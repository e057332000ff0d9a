/** What a mapping may set where its source is a topic of Kafka; AWS's words where they are known. */
import type { CreateEventSourceMappingCommandInput } from '@aws-sdk/client-lambda';
import { parseArn } from '../../core/arn.ts';
import { invalidParameter, notImplemented } from '../control/lambda-errors.ts';
import type { KafkaMapping, MappingRecord, SourceAccess } from '../records/mapping-table.ts';
import type { MappingInput } from './mapping-input.ts';
import { refuseMembers } from './mapping-input.ts';

/** Source: API reference of CreateEventSourceMapping: 500 ms, which cannot be asked for. */
export const DEFAULT_KAFKA_WINDOW_SECONDS = 0.5;

/** Source: "Kafka on-failure destination": retries that are unlimited end at so many where failures have a destination. */
const RETRIES_WITH_DESTINATION = 10;

export const KAFKA_DESTINATION = 'kafka://';

const FOREIGN_MEMBERS = [
  'ScalingConfig',
  'ParallelizationFactor',
  'TumblingWindowInSeconds',
  'Queues',
  'DocumentDBEventSourceConfig',
] as const;

/** Kinds of access, and whether their URI is the ARN of a secret. Source: API reference of SourceAccessConfiguration. */
const MANAGED_ACCESS: Readonly<Record<string, boolean>> = {
  SASL_SCRAM_512_AUTH: true,
  CLIENT_CERTIFICATE_TLS_AUTH: true,
};
const SELF_MANAGED_ACCESS: Readonly<Record<string, boolean>> = {
  ...MANAGED_ACCESS,
  BASIC_AUTH: true,
  SASL_SCRAM_256_AUTH: true,
  SERVER_ROOT_CA_CERTIFICATE: true,
  // Where AWS's pollers stand; a server of one's own stands where it stands, as functions with a VPC do.
  VPC_SUBNET: false,
  VPC_SECURITY_GROUP: false,
};

/** Each proves who somebody is. */
const LOGINS = ['BASIC_AUTH', 'SASL_SCRAM_256_AUTH', 'SASL_SCRAM_512_AUTH', 'CLIENT_CERTIFICATE_TLS_AUTH'];

/** Of a self-managed cluster, which has no ARN. */
export const SELF_MANAGED = '';

export function isKafka(eventSourceArn: string): boolean {
  return eventSourceArn === SELF_MANAGED || parseArn(eventSourceArn)?.service === 'kafka';
}

/** The source of a mapping that names servers, or a cluster of MSK. */
export function checkedCluster(operation: string, input: CreateEventSourceMappingCommandInput): string {
  const { EventSourceArn: arn, SelfManagedEventSource: own } = input;
  if (arn === undefined) return SELF_MANAGED;
  if (own !== undefined) {
    throw invalidParameter('EventSourceArn and SelfManagedEventSource cannot be specified together.');
  }
  const resource = parseArn(arn)?.resource ?? '';
  if (resource.startsWith('vpc-connection/')) throw notImplemented(operation, 'a VPC connection of MSK');
  if (!resource.startsWith('cluster/')) throw invalidParameter('Unrecognized event source.');
  return arn;
}

export function refuseForeignMembers(input: MappingInput, eventSourceArn: string): void {
  refuseMembers(input, FOREIGN_MEMBERS);
  const isSelfManaged = eventSourceArn === SELF_MANAGED;
  refuseMembers(input, [
    isSelfManaged ? 'AmazonManagedKafkaEventSourceConfig' : 'SelfManagedKafkaEventSourceConfig',
  ]);
}

/** How the topic was reached with what `input` changes of it. */
export function changedKafka(
  operation: string,
  eventSourceArn: string,
  before: KafkaMapping | undefined,
  input: MappingInput,
): KafkaMapping {
  const consumerGroupId = changedGroup(operation, before, input);
  const access =
    input.SourceAccessConfigurations === undefined
      ? (before?.access ?? [])
      : checkedAccess(eventSourceArn, input.SourceAccessConfigurations);
  const bootstrapServers = before?.bootstrapServers ?? serversIn(eventSourceArn, input);
  return {
    topic: before?.topic ?? topicIn(input),
    access,
    ...(consumerGroupId === undefined ? {} : { consumerGroupId }),
    ...(bootstrapServers === undefined ? {} : { bootstrapServers }),
  };
}

export function consumerGroupOf({ uuid, kafka }: Pick<MappingRecord, 'uuid' | 'kafka'>): string {
  return kafka?.consumerGroupId ?? uuid;
}

/** Retries that are made: -1 for any number. */
export function retriesOf({ stream }: Pick<MappingRecord, 'stream'>): number {
  const { maximumRetryAttempts = -1, onFailureArn } = stream ?? {};
  return maximumRetryAttempts < 0 && onFailureArn !== undefined
    ? RETRIES_WITH_DESTINATION
    : maximumRetryAttempts;
}

/** Two that read as one group would take offsets from one another. */
export function refuseSharedGroup(record: MappingRecord, others: readonly MappingRecord[]): void {
  if (record.kafka === undefined) return;
  const group = consumerGroupOf(record);
  const other = others.find(
    (candidate) =>
      candidate.kafka !== undefined && candidate.uuid !== record.uuid && consumerGroupOf(candidate) === group,
  );
  if (other === undefined) return;
  throw invalidParameter(
    `ConsumerGroupId must be unique among all Kafka event sources: ${group} is that of the mapping with UUID ${other.uuid}`,
  );
}

/** Source: "No recursion" of the guide on Kafka destinations. */
export function refuseRecursion({ kafka, stream }: Pick<MappingRecord, 'kafka' | 'stream'>): void {
  if (kafka === undefined || stream?.onFailureArn !== `${KAFKA_DESTINATION}${kafka.topic}`) return;
  throw invalidParameter('The destination topic cannot be the same as the source topic.');
}

function changedGroup(
  operation: string,
  before: KafkaMapping | undefined,
  input: MappingInput,
): string | undefined {
  const { AmazonManagedKafkaEventSourceConfig: managed, SelfManagedKafkaEventSourceConfig: own } = input;
  const { ConsumerGroupId, SchemaRegistryConfig } = managed ?? own ?? {};
  if (SchemaRegistryConfig !== undefined) throw notImplemented(operation, 'SchemaRegistryConfig');
  if (own?.ConsumptionMode === 'Queue') throw notImplemented(operation, 'ConsumptionMode Queue');
  if (before === undefined) return ConsumerGroupId;
  if (ConsumerGroupId !== undefined && ConsumerGroupId !== before.consumerGroupId) {
    throw invalidParameter('ConsumerGroupId cannot be updated.');
  }
  return before.consumerGroupId;
}

function topicIn({ Topics }: MappingInput): string {
  const [topic] = Topics ?? [];
  if (topic === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'topics' failed to satisfy constraint: Member must not be null.",
    );
  }
  return topic;
}

function serversIn(
  eventSourceArn: string,
  { SelfManagedEventSource }: MappingInput,
): readonly string[] | undefined {
  if (eventSourceArn !== SELF_MANAGED) return undefined;
  const servers = SelfManagedEventSource?.Endpoints?.KAFKA_BOOTSTRAP_SERVERS ?? [];
  if (servers.length === 0) {
    throw invalidParameter('SelfManagedEventSource must have endpoints KAFKA_BOOTSTRAP_SERVERS.');
  }
  return servers;
}

function checkedAccess(
  eventSourceArn: string,
  configurations: NonNullable<MappingInput['SourceAccessConfigurations']>,
): SourceAccess[] {
  const known = eventSourceArn === SELF_MANAGED ? SELF_MANAGED_ACCESS : MANAGED_ACCESS;
  const access = configurations.map(({ Type: type, URI: uri = '' }) => {
    const isSecret = known[type ?? ''];
    if (type === undefined || isSecret === undefined) {
      throw invalidParameter(
        `Unsupported SourceAccessConfigurations type ${type} for given event source mapping type.`,
      );
    }
    if (isSecret && parseArn(uri)?.service !== 'secretsmanager') {
      throw invalidParameter(
        `SourceAccessConfigurations of type ${type} must have the ARN of a secret as URI.`,
      );
    }
    return { type, uri };
  });
  if (access.filter(({ type }) => LOGINS.includes(type)).length > 1) {
    throw invalidParameter('SourceAccessConfigurations must not have more than one type of authentication.');
  }
  return access;
}

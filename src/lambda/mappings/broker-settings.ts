/** What a mapping may set where its source is a broker of Amazon MQ. Source: API reference, and "Amazon MQ event source parameters". */
import { parseArn } from '../../core/arn.ts';
import type { BrokerAddresses } from '../../core/broker-address.ts';
import { brokerAddressOf } from '../../core/broker-address.ts';
import { invalidParameter } from '../control/lambda-errors.ts';
import type { BrokerMapping } from '../records/broker-mapping.ts';
import type { MappingInput } from './mapping-input.ts';
import { refuseMembers } from './mapping-input.ts';

export const DEFAULT_BROKER_BATCH_SIZE = 100;

/** Seconds; a request can set whole ones only, so nothing leads back to it. */
export const DEFAULT_BROKER_WINDOW_SECONDS = 0.5;

/** Members that sources of other kinds have. */
const OTHER_MEMBERS = [
  'FunctionResponseTypes',
  'ScalingConfig',
  'StartingPosition',
  'StartingPositionTimestamp',
  'ParallelizationFactor',
  'BisectBatchOnFunctionError',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'TumblingWindowInSeconds',
  'DestinationConfig',
  'Topics',
  'AmazonManagedKafkaEventSourceConfig',
  'SelfManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
] as const;

/** Whether the ARN of a source names a broker of Amazon MQ. */
export function isBroker(eventSourceArn: string): boolean {
  return parseArn(eventSourceArn)?.service === 'mq';
}

/** The queue and the way to it, with what `input` changes of them. */
export function changedBroker(before: BrokerMapping | undefined, input: MappingInput): BrokerMapping {
  refuseMembers(input, OTHER_MEMBERS);
  const queue = before?.queue ?? onlyQueue(input.Queues);
  const access = input.SourceAccessConfigurations;
  if (access === undefined && before !== undefined) return before;
  return { queue, ...accessOf(access) };
}

/** The operator says where a broker is; one that nobody has told of is none. */
export function checkBroker(eventSourceArn: string, addresses: BrokerAddresses): void {
  const address = brokerAddressOf(addresses, eventSourceArn);
  if (address === undefined)
    throw invalidParameter(
      `Broker not found: ${eventSourceArn}. Start the server with --broker and the name or ARN of the broker, to say where it is.`,
    );
  if (address.kind === 'kafka')
    throw invalidParameter(
      `The address of ${eventSourceArn} is that of a Kafka cluster. A broker has one that begins with amqp:// or amqp+activemq://.`,
    );
}

function onlyQueue(queues: readonly string[] | undefined): string {
  const [queue, ...others] = queues ?? [];
  if (queue === undefined || others.length > 0)
    throw invalidParameter('Exactly one queue is to be given for an event source of Amazon MQ.');
  return queue;
}

function accessOf(
  configurations: MappingInput['SourceAccessConfigurations'] = [],
): Pick<BrokerMapping, 'secretArn' | 'virtualHost'> {
  const given = new Map<string, string>();
  for (const { Type: type = '', URI: uri = '' } of configurations) {
    if (type !== 'BASIC_AUTH' && type !== 'VIRTUAL_HOST')
      throw invalidParameter(`Unsupported source access configuration type for Amazon MQ: ${type}`);
    if (given.has(type)) throw invalidParameter(`Only one ${type} can be given for Amazon MQ.`);
    given.set(type, uri);
  }
  const secretArn = given.get('BASIC_AUTH');
  if (secretArn === undefined || parseArn(secretArn)?.service !== 'secretsmanager')
    throw invalidParameter(
      'BASIC_AUTH with the ARN of a secret is required for an event source of Amazon MQ.',
    );
  const virtualHost = given.get('VIRTUAL_HOST');
  return { secretArn, ...(virtualHost === undefined ? {} : { virtualHost }) };
}

/** Where message brokers and Kafka clusters are that the ARNs of event sources name, as the operator has said. */
import { parseArn } from './arn.ts';

/** What a broker speaks, by how its address is written. */
export type BrokerKind = 'rabbitmq' | 'activemq' | 'kafka';

export interface BrokerEndpoint {
  readonly host: string;
  readonly port: number;
}

export interface BrokerAddress {
  readonly kind: BrokerKind;
  readonly isTls: boolean;
  /** Kafka's are those to begin with; a broker has one. */
  readonly endpoints: readonly BrokerEndpoint[];
}

/** Addresses as they were given, by the name or the whole ARN of the broker or cluster. */
export type BrokerAddresses = Readonly<Record<string, string>>;

/** For people: what an address may look like. */
export const BROKER_ADDRESS_FORMS =
  'amqp://host:port or amqps://host:port (RabbitMQ), amqp+activemq://host:port or amqps+activemq://host:port (ActiveMQ), or host:port[,host:port] (Kafka)';

/** Ports that IANA has given to AMQP, in clear text and over TLS. */
const AMQP_PORT = 5_672;
const AMQPS_PORT = 5_671;

const SCHEMES: Readonly<Record<string, Pick<BrokerAddress, 'kind' | 'isTls'>>> = {
  'amqp:': { kind: 'rabbitmq', isTls: false },
  'amqps:': { kind: 'rabbitmq', isTls: true },
  'amqp+activemq:': { kind: 'activemq', isTls: false },
  'amqps+activemq:': { kind: 'activemq', isTls: true },
};

/** Undefined where the text is no address of a broker; credentials are not taken, mappings name a secret. */
export function parseBrokerAddress(text: string): BrokerAddress | undefined {
  if (!text.includes('://')) return kafkaAddress(text);
  const url = URL.parse(text);
  const scheme = url === null ? undefined : SCHEMES[url.protocol];
  if (url === null || scheme === undefined || url.hostname === '') return undefined;
  if (url.username !== '' || url.password !== '' || !['', '/'].includes(url.pathname)) return undefined;
  const port = url.port === '' ? (scheme.isTls ? AMQPS_PORT : AMQP_PORT) : Number(url.port);
  return { ...scheme, endpoints: [{ host: withoutBrackets(url.hostname), port }] };
}

/** The address of the broker or cluster that an ARN names; the ARN itself wins over the name in it. */
export function brokerAddressOf(addresses: BrokerAddresses, arn: string): BrokerAddress | undefined {
  const named = addresses[arn] ?? addresses[brokerNameOf(arn) ?? ''];
  return named === undefined ? undefined : parseBrokerAddress(named);
}

/** `orders` of `arn:aws:mq:…:broker:orders:b-1234` and of `arn:aws:kafka:…:cluster/orders/1234`. */
export function brokerNameOf(arn: string): string | undefined {
  const resource = parseArn(arn)?.resource;
  return /^(?:broker:|cluster\/)([^:/]+)/.exec(resource ?? '')?.[1];
}

function kafkaAddress(text: string): BrokerAddress | undefined {
  const endpoints = text.split(',').map((part) => {
    const url = /^[^/?#@\s]+:\d+$/.test(part) ? URL.parse(`kafka://${part}`) : null;
    return url === null ? undefined : { host: withoutBrackets(url.hostname), port: Number(url.port) };
  });
  const known = endpoints.filter((endpoint) => endpoint !== undefined);
  return known.length === endpoints.length ? { kind: 'kafka', isTls: false, endpoints: known } : undefined;
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

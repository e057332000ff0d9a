/** How the cluster of a mapping is reached: its servers, and what secrets say. */
import { type BrokerAddresses, brokerAddressOf } from '../../core/broker-address.ts';
import type { Call } from '../../ports/call.ts';
import type { KafkaAccess, KafkaFailureKind, KafkaSasl } from '../../ports/kafka.ts';
import { KafkaFailure } from '../../ports/kafka.ts';
import type { KafkaMapping, MappingRecord } from '../records/mapping-table.ts';

const MECHANISMS: Readonly<Record<string, KafkaSasl['mechanism']>> = {
  BASIC_AUTH: 'PLAIN',
  SASL_SCRAM_256_AUTH: 'SCRAM-SHA-256',
  SASL_SCRAM_512_AUTH: 'SCRAM-SHA-512',
};

/** Empty where the cluster has an ARN of which nobody has said where it is. */
export function serversOf(
  brokers: BrokerAddresses,
  { eventSourceArn }: Pick<MappingRecord, 'eventSourceArn'>,
  { bootstrapServers }: KafkaMapping,
): readonly string[] {
  if (bootstrapServers !== undefined) return bootstrapServers;
  const address = brokerAddressOf(brokers, eventSourceArn);
  if (address?.kind !== 'kafka') return [];
  return address.endpoints.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
}

/** Rejects with a `KafkaFailure`. */
export async function kafkaAccess(
  { call, servers }: { readonly call: Call; readonly servers: readonly string[] },
  mapping: MappingRecord,
  { access }: KafkaMapping,
): Promise<KafkaAccess> {
  if (servers.length === 0) {
    throw new KafkaFailure(
      'connection',
      `Nobody has said where the cluster ${mapping.eventSourceArn} is: start with --broker NAME-OR-ARN=host:port.`,
    );
  }
  const uriOf = (type: string): string | undefined => access.find((one) => one.type === type)?.uri;
  const secretOf = (type: string, kind: KafkaFailureKind) => readSecret(call, mapping, uriOf(type), kind);
  const login = access.find(({ type }) => MECHANISMS[type] !== undefined);
  const [user, own, root] = await Promise.all([
    secretOf(login?.type ?? '', 'login'),
    secretOf('CLIENT_CERTIFICATE_TLS_AUTH', 'own-certificate'),
    secretOf('SERVER_ROOT_CA_CERTIFICATE', 'own-certificate'),
  ]);
  const tls = {
    ...definedOf('rootCertificate', root?.['certificate']),
    ...definedOf('certificate', own?.['certificate']),
    ...definedOf('privateKey', own?.['privateKey']),
    ...definedOf('privateKeyPassword', own?.['privateKeyPassword']),
  };
  const { username = '', password = '' } = user ?? {};
  return {
    bootstrapServers: servers,
    ...(login === undefined ? {} : { sasl: { mechanism: MECHANISMS[login.type]!, username, password } }),
    // Source: "Configuring cluster authentication methods": passwords go over TLS and in no other way.
    ...(login === undefined && Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

type Secret = Readonly<Record<string, string | undefined>>;

function definedOf<Name extends string>(name: Name, value: string | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: string };
}

/** The members of a secret, which is JSON text. */
async function readSecret(
  call: Call,
  mapping: MappingRecord,
  uri: string | undefined,
  kind: KafkaFailureKind,
): Promise<Secret | undefined> {
  if (uri === undefined) return undefined;
  try {
    const answer = await call(mapping, 'secretsmanager', 'GetSecretValue', { SecretId: uri });
    return JSON.parse((answer as { readonly SecretString?: string }).SecretString ?? '') as Secret;
  } catch (error) {
    throw new KafkaFailure(kind, `The secret ${uri} could not be read: ${String(error)}`, { cause: error });
  }
}

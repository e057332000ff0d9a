/** What the client's errors mean; it nests them in one another. */
import type { KafkaFailureKind } from '../../ports/kafka.ts';
import { KafkaFailure } from '../../ports/kafka.ts';

/** By the client's own code, Kafka's name of the error, or Node.js' code. */
const KINDS: Readonly<Record<string, KafkaFailureKind>> = {
  PLT_KFK_AUTHENTICATION: 'login',
  SASL_AUTHENTICATION_FAILED: 'login',
  TOPIC_AUTHORIZATION_FAILED: 'authorization',
  GROUP_AUTHORIZATION_FAILED: 'authorization',
  CLUSTER_AUTHORIZATION_FAILED: 'authorization',
  UNKNOWN_TOPIC_OR_PARTITION: 'no-topic',
  OFFSET_OUT_OF_RANGE: 'offset-out-of-range',
  CERT_HAS_EXPIRED: 'server-certificate',
  CERT_NOT_YET_VALID: 'server-certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'server-certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'server-certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'server-certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'server-certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'server-certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'server-certificate',
  PLT_KFK_NETWORK: 'connection',
  PLT_KFK_TIMEOUT: 'connection',
};

export function kafkaFailure(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error;
  const causes = [...causesOf(error)];
  // A connection that failed because of something is that something.
  const telling =
    causes.find((cause) => ![undefined, 'connection'].includes(kindOf(cause))) ??
    causes.findLast((cause) => kindOf(cause) !== undefined) ??
    error;
  const message = telling instanceof Error ? telling.message : String(telling);
  return new KafkaFailure(kindOf(telling) ?? 'other', message, { cause: error });
}

function kindOf(error: unknown): KafkaFailureKind | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', apiId = '' } = error as { readonly code?: string; readonly apiId?: string };
  if (code.startsWith('ERR_OSSL_')) return 'own-certificate';
  // So the client calls a topic that the brokers do not tell of.
  if (code === 'PLT_KFK_USER' && error.message.startsWith('Unknown topic')) return 'no-topic';
  return KINDS[apiId] ?? KINDS[code];
}

function* causesOf(error: unknown): Generator<unknown> {
  if (typeof error !== 'object' || error === null) return;
  yield error;
  const { errors, cause } = error as { readonly errors?: unknown; readonly cause?: unknown };
  if (Array.isArray(errors)) for (const inner of errors as unknown[]) yield* causesOf(inner);
  yield* causesOf(cause);
}

/** A Kafka cluster, as whoever reads a topic sees it. */

/** How a cluster is reached. */
export interface KafkaAccess {
  /** `host:port` of brokers to begin with. */
  readonly bootstrapServers: readonly string[];
  readonly sasl?: KafkaSasl;
  /** Absent: in clear text. */
  readonly tls?: KafkaTls;
}

export interface KafkaSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

/** PEM texts. */
export interface KafkaTls {
  /** Whom to trust; absent: whom the host trusts. */
  readonly rootCertificate?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
}

export interface KafkaRecord {
  readonly offset: bigint;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly timestampType: 'CREATE_TIME' | 'LOG_APPEND_TIME';
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** In order; a name may come more than once. */
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
}

export interface KafkaFetch {
  readonly records: readonly KafkaRecord[];
  /** Where the next fetch goes on. */
  readonly nextOffset: bigint;
}

/** A point in time is in milliseconds since the epoch: the first record that is not older. */
export type KafkaPlace = 'earliest' | 'latest' | number;

/** Every method rejects with a `KafkaFailure`. */
export interface KafkaCluster {
  partitionCount(topic: string): Promise<number>;
  /** The offset of a place in a partition. */
  offsetAt(topic: string, partition: number, place: KafkaPlace): Promise<bigint>;
  /** What a consumer group has committed, by partition; those without are absent. */
  committed(groupId: string, topic: string, partitionCount: number): Promise<ReadonlyMap<number, bigint>>;
  commit(groupId: string, topic: string, offsets: ReadonlyMap<number, bigint>): Promise<void>;
  /** Records of a partition from an offset on; waits for the first so many milliseconds of real time. */
  fetch(topic: string, partition: number, offset: bigint, waitMs: number): Promise<KafkaFetch>;
  /** Without a key the partition is any. Resolves when all replicas in sync have it. */
  produce(topic: string, key: Buffer | null, value: Buffer): Promise<void>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export type OpenKafka = (access: KafkaAccess) => Promise<KafkaCluster>;

export type KafkaFailureKind =
  | 'connection'
  | 'login'
  | 'authorization'
  /** The certificate of a broker is not trusted. */
  | 'server-certificate'
  /** What the client is to show, or to trust, is no certificate or no key. */
  | 'own-certificate'
  | 'no-topic'
  | 'offset-out-of-range'
  | 'other';

/** Why a cluster did not do what it was asked for. The message is for the operator. */
export class KafkaFailure extends Error {
  readonly kind: KafkaFailureKind;

  constructor(kind: KafkaFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

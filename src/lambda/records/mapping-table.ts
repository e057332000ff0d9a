import type { SourceAccessType } from '@aws-sdk/client-lambda';
import type { StateStore } from '../../ports/state-store.ts';
import type { BrokerMapping } from './broker-mapping.ts';

export interface StreamMapping {
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';
  readonly startingTimestampMs?: number;
  readonly parallelizationFactor: number;
  /** -1: as long as the stream has the records. */
  readonly maximumRecordAgeSeconds: number;
  /** -1: as long as the stream has the records. */
  readonly maximumRetryAttempts: number;
  readonly bisectsOnError: boolean;
  readonly tumblingWindowSeconds: number;
  /** Of a queue, a topic or a bucket that gets to know of batches that are given up; or `kafka://` and a topic. */
  readonly onFailureArn?: string;
}

/** A secret that Lambda uses to reach a source, or where in a network it stands, as the API has it. */
export interface SourceAccess {
  readonly type: SourceAccessType;
  readonly uri: string;
}

/** The topic of a Kafka cluster, and how it is reached. */
export interface KafkaMapping {
  readonly topic: string;
  /** Absent: the UUID of the mapping. */
  readonly consumerGroupId?: string;
  /** `host:port` of brokers of a self-managed cluster; absent where an ARN names the cluster. */
  readonly bootstrapServers?: readonly string[];
  readonly access: readonly SourceAccess[];
}

/** Pollers that a source has for itself. */
export interface ProvisionedPollers {
  readonly minimum: number;
  readonly maximum: number;
}

/** An event source mapping as stored. */
export interface MappingRecord {
  readonly uuid: string;
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** A version or alias; absent: `$LATEST`. */
  readonly qualifier?: string;
  /** Empty where the source is a self-managed Kafka cluster, which has none. */
  readonly eventSourceArn: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  /** With a fraction only where it is the default of a source whose API has whole seconds. */
  readonly windowSeconds: number;
  /** Patterns; a record passes that any of them matches. */
  readonly filters?: readonly string[];
  /** The filters encrypted under `kmsKeyArn`, in place of them; base64. */
  readonly sealedFilters?: string;
  readonly kmsKeyArn?: string;
  readonly reportsItemFailures: boolean;
  readonly maximumConcurrency?: number;
  /** In provisioned mode. */
  readonly provisionedPollers?: ProvisionedPollers;
  /** Whether figures of its records are told, by `MetricsConfig`. */
  readonly countsEvents?: true;
  /** How its stream, or each partition of its topic, is read; absent where the source is a queue. */
  readonly stream?: StreamMapping;
  /** Which topic is read as a stream, where it is one of Kafka. */
  readonly kafka?: KafkaMapping;
  /** Which queue of a message broker is read. */
  readonly broker?: BrokerMapping;
  readonly tags: Readonly<Record<string, string>>;
  readonly lastModifiedMs: number;
  /** It is to go as soon as nothing is under way for it. */
  readonly deleting?: true;
}

const TABLE = 'lambda.event-source-mappings';

/** All mappings, in memory and stored; a change is seen once it is stored. */
export class MappingTable {
  private readonly state: StateStore;
  private readonly records = new Map<string, MappingRecord>();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<MappingTable> {
    const table = new MappingTable(state);
    for (const { key, value } of await state.list<MappingRecord>(TABLE)) table.records.set(key, value);
    return table;
  }

  find(uuid: string): MappingRecord | undefined {
    return this.records.get(uuid);
  }

  /** By UUID. */
  all(): MappingRecord[] {
    return [...this.records.values()].sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
  }

  async put(record: MappingRecord): Promise<void> {
    await this.state.commit([{ table: TABLE, key: record.uuid, value: record }]);
    this.records.set(record.uuid, record);
  }

  async delete(uuid: string): Promise<void> {
    await this.state.commit([{ table: TABLE, key: uuid, delete: true }]);
    this.records.delete(uuid);
  }
}

export function mappingArn({ region, accountId, uuid }: MappingRecord): string {
  return `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${uuid}`;
}

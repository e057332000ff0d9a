import type { StateStore } from '../../ports/state-store.ts';

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
  /** Of a queue, a topic or a bucket that gets to know of batches that are given up. */
  readonly onFailureArn?: string;
}

/** An event source mapping as stored. */
export interface MappingRecord {
  readonly uuid: string;
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** A version or alias; absent: `$LATEST`. */
  readonly qualifier?: string;
  readonly eventSourceArn: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** Patterns; a record passes that any of them matches. */
  readonly filters?: readonly string[];
  readonly reportsItemFailures: boolean;
  readonly maximumConcurrency?: number;
  /** Whether figures of its records are told, by `MetricsConfig`. */
  readonly countsEvents?: true;
  /** How its stream is read; absent where the source is a queue. */
  readonly stream?: StreamMapping;
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

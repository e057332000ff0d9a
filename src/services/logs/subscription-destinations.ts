import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { GroupScope } from './groups.ts';

/** What a subscription of another account names instead of the stream behind it. */
export interface DestinationRecord {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly targetArn: string;
  readonly roleArn: string;
  readonly accessPolicy?: string;
  readonly createdMs: number;
}

const TABLE = 'logs.destinations';

export class Destinations {
  readonly #records: StoredRecords<DestinationRecord>;

  private constructor(records: StoredRecords<DestinationRecord>) {
    this.#records = records;
  }

  static async open(state: StateStore): Promise<Destinations> {
    return new Destinations(await StoredRecords.open<DestinationRecord>(state, TABLE));
  }

  find(scope: GroupScope, name: string): DestinationRecord | undefined {
    return this.#records.get(keyOf(scope, name));
  }

  findByArn(arn: string): DestinationRecord | undefined {
    const [, region, accountId, name] = DESTINATION_ARN.exec(arn) ?? [];
    if (region === undefined || accountId === undefined || name === undefined) return undefined;
    return this.find({ accountId, region }, name);
  }

  /** By name. */
  list(scope: GroupScope): DestinationRecord[] {
    return this.#records.list(keyOf(scope, ''));
  }

  async save(record: DestinationRecord): Promise<void> {
    await this.#records.put(keyOf(record, record.name), record);
  }

  async remove(record: DestinationRecord): Promise<void> {
    await this.#records.remove(keyOf(record, record.name));
  }
}

const DESTINATION_ARN = /^arn:[^:]+:logs:([^:]*):([^:]*):destination:([^:]+)$/;

export function destinationArn({ region, accountId, name }: DestinationRecord): string {
  return `arn:aws:logs:${region}:${accountId}:destination:${name}`;
}

function keyOf({ accountId, region }: GroupScope, name: string): string {
  return `${accountId}/${region}/${name}`;
}

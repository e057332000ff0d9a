import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { ApiDestinationRecord } from './api-destination-record.ts';
import { apiDestinationArn } from './api-destination-record.ts';
import type { NamedRecord } from './connection-record.ts';
import { namedKey } from './connection-record.ts';
import { resourceNotFound } from './events-errors.ts';

const TABLE = 'events.api-destinations';

export class ApiDestinations {
  private readonly records: StoredRecords<ApiDestinationRecord>;

  private constructor(records: StoredRecords<ApiDestinationRecord>) {
    this.records = records;
  }

  static async open(state: StateStore): Promise<ApiDestinations> {
    return new ApiDestinations(await StoredRecords.open(state, TABLE));
  }

  /** Throws `ResourceNotFoundException`. */
  get(address: NamedRecord): ApiDestinationRecord {
    const found = this.records.get(namedKey(address));
    if (found === undefined) throw noSuchDestination(address.name);
    return found;
  }

  byArn(arn: string): ApiDestinationRecord | undefined {
    return this.records.list().find((destination) => apiDestinationArn(destination) === arn);
  }

  /** In the order of their names. */
  of({ accountId, region }: Pick<NamedRecord, 'accountId' | 'region'>): ApiDestinationRecord[] {
    return this.records.list(`${accountId}/${region}/`);
  }

  /** `change` sees what is there by then; undefined for none, and to remove it. */
  change(
    address: NamedRecord,
    change: (known: ApiDestinationRecord | undefined) => ApiDestinationRecord | undefined,
  ): Promise<ApiDestinationRecord | undefined> {
    return this.records.change(namedKey(address), change);
  }
}

export function noSuchDestination(name: string) {
  return resourceNotFound(`An api-destination '${name}'`);
}

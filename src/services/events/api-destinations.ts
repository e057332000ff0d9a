import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { ApiDestinationRecord } from './api-destination-record.ts';
import { apiDestinationArn } from './api-destination-record.ts';
import type { NamedRecord } from './connection-record.ts';
import { namedKey, namedOfArn } from './connection-record.ts';
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

  /** Undefined where it is gone, also where another has its name by now. */
  byArn(arn: string): ApiDestinationRecord | undefined {
    const address = namedOfArn(arn);
    const found = address && this.records.get(namedKey(address));
    return found !== undefined && apiDestinationArn(found) === arn ? found : undefined;
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

/** Connections and the credentials that they have for endpoints outside; secrets are sealed on disk. */
import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { AuthParameters, ConnectionRecord, NamedRecord } from './connection-record.ts';
import { connectionArn, namedKey, namedOfArn } from './connection-record.ts';
import { resourceNotFound } from './events-errors.ts';
import type { TextSeal } from './sealed-text.ts';

const TABLE = 'events.connections';

export class Connections {
  private readonly records: StoredRecords<ConnectionRecord>;
  private readonly seal: TextSeal;

  private constructor(records: StoredRecords<ConnectionRecord>, seal: TextSeal) {
    this.records = records;
    this.seal = seal;
  }

  static async open(state: StateStore, seal: TextSeal): Promise<Connections> {
    return new Connections(await StoredRecords.open(state, TABLE), seal);
  }

  /** Throws `ResourceNotFoundException`. */
  get(address: NamedRecord): ConnectionRecord {
    const found = this.records.get(namedKey(address));
    if (found === undefined) throw noSuchConnection(address.name);
    return found;
  }

  /** Undefined where it is gone, also where another has its name by now. */
  byArn(arn: string): ConnectionRecord | undefined {
    const address = namedOfArn(arn);
    const found = address && this.records.get(namedKey(address));
    return found !== undefined && connectionArn(found) === arn ? found : undefined;
  }

  all(): ConnectionRecord[] {
    return this.records.list();
  }

  /** In the order of their names. */
  of({ accountId, region }: Pick<NamedRecord, 'accountId' | 'region'>): ConnectionRecord[] {
    return this.records.list(`${accountId}/${region}/`);
  }

  /** `change` sees what is there by then; undefined for none, and to remove it. */
  change(
    address: NamedRecord,
    change: (known: ConnectionRecord | undefined) => ConnectionRecord | undefined,
  ): Promise<ConnectionRecord | undefined> {
    return this.records.change(namedKey(address), change);
  }

  /** Throws `ResourceNotFoundException` where there is none by then. */
  async update(
    address: NamedRecord,
    change: (known: ConnectionRecord) => ConnectionRecord,
  ): Promise<ConnectionRecord> {
    const changed = await this.change(address, (known) => {
      if (known === undefined) throw noSuchConnection(address.name);
      return change(known);
    });
    return changed!;
  }

  sealed(parameters: AuthParameters): string {
    return this.seal.seal(JSON.stringify(parameters));
  }

  /** Undefined where they were taken away. */
  parameters({ sealed }: ConnectionRecord): AuthParameters | undefined {
    return sealed === undefined ? undefined : (JSON.parse(this.seal.unseal(sealed)) as AuthParameters);
  }
}

export function noSuchConnection(name: string) {
  return resourceNotFound(`Connection '${name}'`);
}

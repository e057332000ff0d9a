import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { BusAddress, BusRecord } from './bus-record.ts';
import { busKey, DEFAULT_BUS } from './bus-record.ts';
import { busNotFound } from './events-errors.ts';

const TABLE = 'events.buses';

/** Event buses; the default one of an account is there without having been made. */
export class Buses {
  private readonly records: StoredRecords<BusRecord>;

  private constructor(records: StoredRecords<BusRecord>) {
    this.records = records;
  }

  static async open(state: StateStore): Promise<Buses> {
    return new Buses(await StoredRecords.open(state, TABLE));
  }

  find(address: BusAddress): BusRecord | undefined {
    const { accountId, region, name } = address;
    return (
      this.records.get(busKey(address)) ?? (name === DEFAULT_BUS ? { accountId, region, name } : undefined)
    );
  }

  /** In the order of their names. */
  of({ accountId, region }: Pick<BusAddress, 'accountId' | 'region'>): BusRecord[] {
    const made = this.records.list(`${accountId}/${region}/`);
    if (made.some(({ name }) => name === DEFAULT_BUS)) return made;
    return [...made, { accountId, region, name: DEFAULT_BUS }].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** `change` sees the bus as it is by then; undefined for none. */
  create(address: BusAddress, change: (known: BusRecord | undefined) => BusRecord): Promise<unknown> {
    return this.records.change(busKey(address), () => change(this.find(address)));
  }

  /** Throws `ResourceNotFoundException` where there is none by then. */
  async update(address: BusAddress, change: (bus: BusRecord) => BusRecord): Promise<BusRecord> {
    const changed = await this.records.change(busKey(address), () => {
      const bus = this.find(address);
      if (bus === undefined) throw busNotFound(address.name);
      return change(bus);
    });
    return changed!;
  }

  /** `check` throws where it may not be. */
  async remove(address: BusAddress, check: (bus: BusRecord) => void): Promise<void> {
    await this.records.change(busKey(address), (bus) => {
      if (bus === undefined) throw busNotFound(address.name);
      check(bus);
      return undefined;
    });
  }
}

import { Turns } from '../../core/turns.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { Scope, SecretRecord } from './secret-record.ts';
import { arnPrefix, secretArn } from './secret-record.ts';
import { secretNotFound } from './secrets-errors.ts';

const TABLE = 'secretsmanager.secrets';
const SUFFIX = /-\w{6}$/;

/** Secrets by account, region and name; one that is marked for deletion keeps its name. */
export class SecretTable {
  private readonly state: StateStore;
  private readonly records = new Map<string, SecretRecord>();
  private readonly turns = new Turns();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<SecretTable> {
    const table = new SecretTable(state);
    for (const { key, value } of await state.list<SecretRecord>(TABLE)) table.records.set(key, value);
    return table;
  }

  all(): Iterable<SecretRecord> {
    return this.records.values();
  }

  of({ accountId, region }: Scope): SecretRecord[] {
    return [...this.records.values()].filter(
      (record) => record.accountId === accountId && record.region === region,
    );
  }

  /** By name, by ARN, or by an ARN without the six characters at its end. Undefined where there is none. */
  find(id: string, scope: Scope): SecretRecord | undefined {
    const address = addressOf(id, scope);
    const whole = this.records.get(keyOf({ ...address, name: address.name.replace(SUFFIX, '') }));
    if (whole !== undefined && secretArn(whole) === id) return whole;
    return this.records.get(keyOf(address));
  }

  /** Throws `ResourceNotFoundException` where there is none. */
  get(id: string, scope: Scope): SecretRecord {
    const record = this.find(id, scope);
    if (record === undefined) throw secretNotFound();
    return record;
  }

  /** `change` sees the record as it is by then; what it throws is passed on. */
  async change(
    id: string,
    scope: Scope,
    change: (record: SecretRecord) => SecretRecord | Promise<SecretRecord>,
  ): Promise<SecretRecord> {
    const { name, accountId, region, suffix } = this.get(id, scope);
    const changed = await this.decide({ name, accountId, region }, (record) => {
      // Somebody may have removed it meanwhile, and made another one.
      if (record?.suffix !== suffix) throw secretNotFound();
      return change(record);
    });
    return changed!;
  }

  /** As `change`, whether there is a secret of the name or not; undefined is for none. */
  decide(
    address: Scope & { readonly name: string },
    decide: (
      record: SecretRecord | undefined,
    ) => SecretRecord | undefined | Promise<SecretRecord | undefined>,
  ): Promise<SecretRecord | undefined> {
    const key = keyOf(address);
    return this.turns.run(key, async () => {
      const before = this.records.get(key);
      const value = await decide(before);
      if (value === before) return value;
      await this.state.commit([
        value === undefined ? { table: TABLE, key, delete: true } : { table: TABLE, key, value },
      ]);
      if (value === undefined) this.records.delete(key);
      else this.records.set(key, value);
      return value;
    });
  }
}

function keyOf({ accountId, region, name }: Scope & { readonly name: string }): string {
  return `${accountId}/${region}/${name}`;
}

/** Secrets of other accounts and regions are named by their ARNs. */
function addressOf(id: string, scope: Scope): Scope & { readonly name: string } {
  const [arn, , , region, accountId, type, ...name] = id.split(':');
  if (arn !== 'arn' || type !== 'secret') return { ...scope, name: id };
  const address = { accountId: accountId!, region: region!, name: name.join(':') };
  return id.startsWith(arnPrefix(address)) ? address : { ...scope, name: id };
}

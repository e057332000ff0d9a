/** Keys and aliases: all in memory for reading, every change on disk before it is seen. */
import { Turns } from '../../core/turns.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { AliasRecord, KeyRecord, Scope } from './key-record.ts';
import { aliasArn } from './key-record.ts';
import { aliasNotFound, invalidKeyId, keyNotFound } from './kms-errors.ts';

const KEYS = 'kms.key';
const ALIASES = 'kms.alias';

const KEY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|^mrk-[0-9a-f]{32}$/;
const ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):(?:key\/(.+)|(alias\/.+))$/;

export class KeyTable {
  private readonly state: StateStore;
  /** By key id, which no two keys share. */
  private readonly keys = new Map<string, KeyRecord>();
  /** By ARN. */
  private readonly aliases = new Map<string, AliasRecord>();
  private readonly turns = new Turns();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<KeyTable> {
    const table = new KeyTable(state);
    for (const { key, value } of await state.list<KeyRecord>(KEYS)) table.keys.set(key, value);
    for (const { key, value } of await state.list<AliasRecord>(ALIASES)) table.aliases.set(key, value);
    return table;
  }

  byId(keyId: string): KeyRecord | undefined {
    return this.keys.get(keyId);
  }

  allKeys(): IterableIterator<KeyRecord> {
    return this.keys.values();
  }

  /** Those of an account and region, by id. */
  list({ accountId, region }: Scope): KeyRecord[] {
    return [...this.keys.values()]
      .filter((key) => key.accountId === accountId && key.region === region)
      .sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
  }

  aliasesOf({ accountId, region }: Scope): AliasRecord[] {
    return [...this.aliases.values()]
      .filter((alias) => alias.accountId === accountId && alias.region === region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  alias(scope: Scope, name: string): AliasRecord | undefined {
    return this.aliases.get(aliasArn(scope, name));
  }

  /** By id, ARN, alias or alias ARN. Throws `NotFoundException`. */
  find(identifier: string, caller: Scope): KeyRecord {
    if (identifier.startsWith('alias/')) return this.byAlias(caller, identifier);
    const arn = ARN.exec(identifier);
    if (arn === null) {
      if (!KEY_ID.test(identifier)) throw invalidKeyId(identifier);
      return this.get({ ...caller, keyId: identifier }, caller.region);
    }
    const [, region = '', accountId = '', keyId, alias] = arn;
    if (alias !== undefined) return this.byAlias({ accountId, region }, alias);
    return this.get({ accountId, region, keyId: keyId! }, caller.region);
  }

  /** Decides and stores what becomes of a key while no other change of it happens. */
  change(keyId: string, decide: (record: KeyRecord) => KeyRecord | Promise<KeyRecord>): Promise<KeyRecord> {
    return this.turns.run(keyId, async () => {
      const record = this.keys.get(keyId);
      if (record === undefined) throw invalidKeyId(keyId);
      const changed = await decide(record);
      await this.put(changed);
      return changed;
    });
  }

  async put(record: KeyRecord): Promise<void> {
    await this.state.commit([{ table: KEYS, key: record.keyId, value: record }]);
    this.keys.set(record.keyId, record);
  }

  /** The key and its aliases are gone at once, as when AWS deletes a key; not where its deletion was cancelled. */
  removeDue(keyId: string, nowMs: number): Promise<void> {
    return this.turns.run(keyId, async () => {
      const deletion = this.keys.get(keyId)?.deletion;
      if (deletion === undefined || deletion.dueMs > nowMs) return;
      const arns = [...this.aliases]
        .filter(([, { targetKeyId }]) => targetKeyId === keyId)
        .map(([arn]) => arn);
      await this.state.commit([
        { table: KEYS, key: keyId, delete: true },
        ...arns.map((key) => ({ table: ALIASES, key, delete: true as const })),
      ]);
      this.keys.delete(keyId);
      for (const arn of arns) this.aliases.delete(arn);
    });
  }

  /** What `decide` throws is passed on; undefined removes the alias. */
  changeAlias(
    scope: Scope,
    name: string,
    decide: (alias: AliasRecord | undefined) => AliasRecord | undefined,
  ): Promise<void> {
    const arn = aliasArn(scope, name);
    return this.turns.run(arn, async () => {
      const changed = decide(this.aliases.get(arn));
      if (changed === undefined) {
        await this.state.commit([{ table: ALIASES, key: arn, delete: true }]);
        this.aliases.delete(arn);
      } else {
        await this.state.commit([{ table: ALIASES, key: arn, value: changed }]);
        this.aliases.set(arn, changed);
      }
    });
  }

  private byAlias(scope: Scope, name: string): KeyRecord {
    const alias = this.alias(scope, name);
    const record = alias && this.keys.get(alias.targetKeyId);
    if (record === undefined) throw aliasNotFound(aliasArn(scope, name));
    return record;
  }

  private get({ accountId, region, keyId }: Scope & { keyId: string }, callerRegion: string): KeyRecord {
    const record = this.keys.get(keyId);
    const isThere =
      record?.region === callerRegion && record.region === region && record.accountId === accountId;
    if (!isThere) throw keyNotFound(`arn:aws:kms:${callerRegion}:${accountId}:key/${keyId}`);
    return record;
  }
}

/** Stored layer versions: all in memory for reading, every change on disk before it is seen. */
import { Turns } from '../../core/turns.ts';
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import type { LayerIdentifier, LayerVersionIdentifier } from './layer-identifier.ts';
import type { LayerVersionRecord } from './layer-version-record.ts';
import { PackageUses } from './package-uses.ts';
import { storedRecords } from './stored-records.ts';

const VERSIONS = 'lambda.layer-version';
/** The number that the last version got; kept when all versions are deleted, since none is used twice. */
const LAST_VERSIONS = 'lambda.layer';

type ChangeListener = (before: LayerVersionRecord | undefined, after: LayerVersionRecord | undefined) => void;

interface HeldLayer {
  readonly versions: Map<number, LayerVersionRecord>;
  lastVersion: number;
}

export interface LayerChange {
  /** A new version, or one that is changed. */
  readonly put?: LayerVersionRecord;
  readonly remove?: LayerVersionRecord;
}

export class LayerVersionTable {
  private readonly state: StateStore;
  /** By `account/region/name`. */
  private readonly layers = new Map<string, HeldLayer>();
  private readonly listeners: ChangeListener[] = [];
  private readonly codeUses = new PackageUses();
  /** Changes of one layer follow one another. */
  private readonly turns = new Turns();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<LayerVersionTable> {
    const table = new LayerVersionTable(state);
    for await (const { key, value } of storedRecords<number>(state, LAST_VERSIONS))
      table.held(key).lastVersion = value;
    for await (const { value } of storedRecords<LayerVersionRecord>(state, VERSIONS))
      table.remember({ put: value });
    return table;
  }

  find({ version, ...layer }: LayerVersionIdentifier): LayerVersionRecord | undefined {
    return this.layers.get(keyOf(layer))?.versions.get(version);
  }

  /** Versions of a layer, the newest first. */
  versions(layer: LayerIdentifier): LayerVersionRecord[] {
    const versions = this.layers.get(keyOf(layer))?.versions.values() ?? [];
    return [...versions].sort((a, b) => b.version - a.version);
  }

  /** Names of layers that have a version, in order. */
  names(accountId: string, region: string): string[] {
    const scope = `${accountId}/${region}/`;
    return [...this.layers]
      .filter(([key, { versions }]) => versions.size > 0 && key.startsWith(scope))
      .map(([key]) => key.slice(scope.length))
      .sort();
  }

  /** Every version of every layer. */
  *all(): Generator<LayerVersionRecord> {
    for (const { versions } of this.layers.values()) yield* versions.values();
  }

  /** The number that the next version gets. Asked for within a change. */
  nextVersion(layer: LayerIdentifier): number {
    return (this.layers.get(keyOf(layer))?.lastVersion ?? 0) + 1;
  }

  /** Whether a version has the package. */
  usesCode(blob: string): boolean {
    return this.codeUses.has(blob);
  }

  /** Called after a record has been stored or deleted (`after` is then undefined). */
  onChange(listener: ChangeListener): void {
    this.listeners.push(listener);
  }

  /**
   * Decides and stores a change of one layer while no other change of it happens; what `decide` throws
   * is passed on and nothing is stored.
   */
  change(layer: LayerIdentifier, decide: () => LayerChange | undefined): Promise<void> {
    const key = keyOf(layer);
    return this.turns.run(key, async () => {
      const change = decide();
      if (change === undefined) return;
      await this.state.commit(writesOf(key, change, this.layers.get(key)?.lastVersion ?? 0));
      const before = change.put === undefined ? change.remove : this.find(change.put);
      this.remember(change);
      for (const listener of this.listeners) listener(before, change.put);
    });
  }

  private remember({ put, remove }: LayerChange): void {
    if (put !== undefined) {
      const held = this.held(keyOf(put));
      if (!held.versions.has(put.version)) this.codeUses.count([put.code.blob], 1);
      held.versions.set(put.version, put);
      held.lastVersion = Math.max(held.lastVersion, put.version);
    }
    if (remove !== undefined && this.held(keyOf(remove)).versions.delete(remove.version))
      this.codeUses.count([remove.code.blob], -1);
  }

  private held(key: string): HeldLayer {
    const held = this.layers.get(key) ?? { versions: new Map<number, LayerVersionRecord>(), lastVersion: 0 };
    this.layers.set(key, held);
    return held;
  }
}

function keyOf({ accountId, region, layerName }: LayerIdentifier): string {
  return `${accountId}/${region}/${layerName}`;
}

function writesOf(key: string, { put, remove }: LayerChange, lastVersion: number): StateWrite[] {
  const writes: StateWrite[] = [];
  if (put !== undefined) {
    writes.push({ table: VERSIONS, key: `${key}/${put.version}`, value: put });
    if (put.version > lastVersion) writes.push({ table: LAST_VERSIONS, key, value: put.version });
  }
  if (remove !== undefined)
    writes.push({ table: VERSIONS, key: `${key}/${remove.version}`, delete: true as const });
  return writes;
}

/** Repositories with what is in them: one stored document each, all of them in memory too. */
import type { StateStore } from '../../ports/state-store.ts';
import { repositoryExists, repositoryNotFound } from './ecr-errors.ts';

export interface StoredImage {
  readonly mediaType: string;
  /** Bytes of the layers and the configuration; of an index, of its manifest. */
  readonly sizeBytes: number;
  /** Service time, epoch milliseconds. */
  readonly pushedMs: number;
  /** Digests of what the manifest is made of, so that it stays. */
  readonly parts: readonly string[];
}

export interface RepositoryRecord {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly createdMs: number;
  readonly tagMutability: 'MUTABLE' | 'IMMUTABLE';
  readonly tags: Readonly<Record<string, string>>;
  /** As it was set. */
  readonly policy?: string;
  /** By digest. */
  readonly images: Readonly<Record<string, StoredImage>>;
  /** Digests by tag. */
  readonly imageTags: Readonly<Record<string, string>>;
  /** Sizes in bytes by digest, of layers and configurations. */
  readonly layers: Readonly<Record<string, number>>;
}

/** Where a repository lives: a registry is one account in one region. */
export interface Registry {
  readonly accountId: string;
  readonly region: string;
}

const TABLE = 'ecr.repositories';

export class Repositories {
  private readonly state: StateStore;
  private readonly records = new Map<string, RepositoryRecord>();
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<Repositories> {
    const repositories = new Repositories(state);
    for (const { key, value } of await state.list<RepositoryRecord>(TABLE))
      repositories.records.set(key, value);
    return repositories;
  }

  /** Those of a registry, by name. */
  list({ accountId, region }: Registry): RepositoryRecord[] {
    return [...this.records.values()]
      .filter((record) => record.accountId === accountId && record.region === region)
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  find(registry: Registry, name: string): RepositoryRecord | undefined {
    return this.records.get(keyOf({ ...registry, name }));
  }

  /** Throws `RepositoryNotFoundException`. */
  get(registry: Registry, name: string): RepositoryRecord {
    const record = this.find(registry, name);
    if (record === undefined) throw repositoryNotFound({ ...registry, name });
    return record;
  }

  /** Throws `RepositoryAlreadyExistsException`. */
  create(record: RepositoryRecord): Promise<void> {
    return this.inTurn(async () => {
      if (this.records.has(keyOf(record))) throw repositoryExists(record);
      await this.store(record);
    });
  }

  /** Stores what `decide` makes of the repository as it is then; what it throws is passed on. */
  change(
    registry: Registry,
    name: string,
    decide: (record: RepositoryRecord) => RepositoryRecord | Promise<RepositoryRecord>,
  ): Promise<RepositoryRecord> {
    return this.inTurn(async () => {
      const changed = await decide(this.get(registry, name));
      await this.store(changed);
      return changed;
    });
  }

  delete(
    registry: Registry,
    name: string,
    check: (record: RepositoryRecord) => void,
  ): Promise<RepositoryRecord> {
    return this.inTurn(async () => {
      const record = this.get(registry, name);
      check(record);
      const key = keyOf(record);
      await this.state.commit([{ table: TABLE, key, delete: true }]);
      this.records.delete(key);
      return record;
    });
  }

  /** Whether a manifest, configuration or layer belongs to any repository. */
  uses(digest: string): boolean {
    for (const { images, layers } of this.records.values())
      if (Object.hasOwn(images, digest) || Object.hasOwn(layers, digest)) return true;
    return false;
  }

  private async store(record: RepositoryRecord): Promise<void> {
    const key = keyOf(record);
    await this.state.commit([{ table: TABLE, key, value: record }]);
    this.records.set(key, record);
  }

  /** Runs `change` while no repository changes. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(change);
    this.turn = mine.catch(() => {});
    return mine;
  }
}

function keyOf({ accountId, region, name }: Registry & { readonly name: string }): string {
  return `${accountId}/${region}/${name}`;
}

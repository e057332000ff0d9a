/** Scalable targets: all in memory for reading, every change on disk before it is seen. */
import { Turns } from '../../core/turns.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { noSuchTarget } from './scaling-errors.ts';
import type { ScalableTarget, TargetKey } from './scaling-records.ts';
import { targetKey } from './scaling-records.ts';

const TABLE = 'autoscaling.target';

type ChangeListener = (key: string, target: ScalableTarget | undefined) => void;

export class TargetTable {
  private readonly state: StateStore;
  private readonly targets = new Map<string, ScalableTarget>();
  private readonly listeners: ChangeListener[] = [];
  private readonly turns = new Turns();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<TargetTable> {
    const table = new TargetTable(state);
    for (const { key, value } of await state.list<ScalableTarget>(TABLE)) table.targets.set(key, value);
    return table;
  }

  onChange(listener: ChangeListener): void {
    this.listeners.push(listener);
    for (const [key, target] of this.targets) listener(key, target);
  }

  find(key: TargetKey): ScalableTarget | undefined {
    return this.targets.get(targetKey(key));
  }

  byArn(arn: string): ScalableTarget | undefined {
    return [...this.targets.values()].find((target) => target.arn === arn);
  }

  /** Those of an account, region and service, by their keys. */
  list(accountId: string, region: string, serviceNamespace: string): ScalableTarget[] {
    const prefix = `${accountId}/${region}/${serviceNamespace}/`;
    return [...this.targets].filter(([key]) => key.startsWith(prefix)).map(([, target]) => target);
  }

  /** Those of all accounts that are scaled by how much of them is used. */
  withPolicies(): ScalableTarget[] {
    return [...this.targets.values()].filter(({ policies }) => policies.length > 0);
  }

  /** Decides and stores what becomes of a target while no other change of it happens; undefined removes it. */
  change<T extends ScalableTarget | undefined>(
    key: TargetKey,
    decide: (target: ScalableTarget | undefined) => T,
  ): Promise<T> {
    const name = targetKey(key);
    return this.turns.run(name, async () => {
      const changed = decide(this.targets.get(name));
      const write =
        changed === undefined
          ? { table: TABLE, key: name, delete: true as const }
          : { table: TABLE, key: name, value: changed };
      await this.state.commit([write]);
      if (changed === undefined) this.targets.delete(name);
      else this.targets.set(name, changed);
      for (const listener of this.listeners) listener(name, changed);
      return changed;
    });
  }

  /** As `change`, of a target that is there. Throws `ObjectNotFoundException`. */
  update(key: TargetKey, decide: (target: ScalableTarget) => ScalableTarget): Promise<ScalableTarget> {
    return this.change(key, (target) => {
      if (target === undefined) throw noSuchTarget(key);
      return decide(target);
    });
  }
}

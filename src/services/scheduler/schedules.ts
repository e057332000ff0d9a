/**
 * Schedules, their groups and the invocations that are due: in memory for reading, each change in one commit. Changes
 * are decided and asked for in one go, and stored in the order in which they were asked for.
 */
import type { Clock } from '../../core/clock.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { RememberedToken } from './client-tokens.ts';
import type { Change } from './record-table.ts';
import { RecordTable } from './record-table.ts';
import type {
  GroupKey,
  GroupRecord,
  InvocationRecord,
  ScheduleKey,
  ScheduleRecord,
} from './schedule-record.ts';
import { DEFAULT_GROUP, groupKeyText, scheduleKeyText } from './schedule-record.ts';

const GROUPS = 'scheduler.groups';
const SCHEDULES = 'scheduler.schedules';
const INVOCATIONS = 'scheduler.invocations';

/** What becomes of a schedule, and what else is stored in the same commit. */
export interface ScheduleChange {
  /** Undefined removes it, with what was still due of it. */
  readonly schedule: ScheduleRecord | undefined;
  readonly invocation?: InvocationRecord;
  readonly token?: RememberedToken | undefined;
}

export class Schedules {
  private readonly state: StateStore;
  private readonly clock: Clock;
  private readonly groups = new RecordTable<GroupRecord>(GROUPS);
  private readonly schedules = new RecordTable<ScheduleRecord>(SCHEDULES);
  private readonly invocations = new RecordTable<InvocationRecord>(INVOCATIONS, (id, before, now) =>
    this.count(id, before, now),
  );
  /** Execution ids of what is due, by schedule. */
  private readonly dueOf = new Map<string, Set<string>>();

  private constructor(state: StateStore, clock: Clock) {
    this.state = state;
    this.clock = clock;
  }

  static async open(state: StateStore, clock: Clock): Promise<Schedules> {
    const schedules = new Schedules(state, clock);
    schedules.groups.load(await state.list(GROUPS));
    schedules.schedules.load(await state.list(SCHEDULES));
    schedules.invocations.load(await state.list(INVOCATIONS));
    return schedules;
  }

  /** Tells what there is, and from then on what has changed; undefined: it is gone. */
  follow(listeners: {
    readonly schedule: (keyText: string, schedule: ScheduleRecord | undefined) => void;
    readonly invocation: (executionId: string, invocation: InvocationRecord | undefined) => void;
  }): void {
    this.schedules.listen(listeners.schedule);
    this.invocations.listen(listeners.invocation);
  }

  find(key: ScheduleKey): ScheduleRecord | undefined {
    return this.schedules.get(scheduleKeyText(key));
  }

  /** Every account has a default group, which is stored with the first schedule in it. */
  findGroup({ accountId, region, group }: GroupKey): GroupRecord | undefined {
    const found = this.groups.get(groupKeyText({ accountId, region, group }));
    if (found !== undefined || group !== DEFAULT_GROUP) return found;
    const nowMs = this.clock.now();
    return { accountId, region, group, createdMs: nowMs, modifiedMs: nowMs, tags: {} };
  }

  invocation(executionId: string): InvocationRecord | undefined {
    return this.invocations.get(executionId);
  }

  /** Those of an account and region, or of one group of it, in the order of their groups and names. */
  list(accountId: string, region: string, group?: string): ScheduleRecord[] {
    return this.schedules.list(`${accountId}/${region}/${group === undefined ? '' : `${group}/`}`);
  }

  listGroups(accountId: string, region: string): GroupRecord[] {
    const stored = this.groups.list(`${accountId}/${region}/`).filter(({ group }) => group !== DEFAULT_GROUP);
    const own = this.findGroup({ accountId, region, group: DEFAULT_GROUP })!;
    return [...stored, own].sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  /** A throw of `decide` is passed on, and nothing has changed. */
  async change(
    key: ScheduleKey,
    decide: (current: ScheduleRecord | undefined) => ScheduleChange,
  ): Promise<void> {
    const text = scheduleKeyText(key);
    const { schedule, invocation, token } = decide(this.schedules.get(text));
    const group = this.groups.has(groupKeyText(key)) ? undefined : this.findGroup(key);
    await this.store(
      [
        ...(group === undefined ? [] : [this.groups.to(groupKeyText(key), group)]),
        this.schedules.to(text, schedule),
        ...(schedule === undefined ? this.withoutInvocations(text) : []),
        ...(invocation === undefined ? [] : [this.invocations.to(invocation.executionId, invocation)]),
      ],
      token,
    );
  }

  /** Another attempt of an invocation, or its end, with which its schedule may be over; nothing where it is gone already. */
  async changeInvocation(
    { executionId, schedule: key }: InvocationRecord,
    changed: InvocationRecord | undefined,
  ): Promise<void> {
    if (!this.invocations.has(executionId)) return;
    const schedule = this.find(key);
    const isOver = changed === undefined && schedule !== undefined && this.isCompleted(schedule);
    await this.store([
      this.invocations.to(executionId, changed),
      ...(isOver ? [this.schedules.to(scheduleKeyText(key), undefined)] : []),
    ]);
  }

  /** As `change`; a group that goes takes with it what is in it. */
  async changeGroup(
    key: GroupKey,
    decide: (current: GroupRecord | undefined) => {
      readonly group: GroupRecord | undefined;
      readonly token?: RememberedToken | undefined;
    },
  ): Promise<void> {
    const { group, token } = decide(this.findGroup(key));
    const dropped = group === undefined ? this.list(key.accountId, key.region, key.group) : [];
    const content = dropped
      .map(scheduleKeyText)
      .flatMap((text) => [this.schedules.to(text, undefined), ...this.withoutInvocations(text)]);
    await this.store([this.groups.to(groupKeyText(key), group), ...content], token);
  }

  /** The invocation that has just ended was its last. */
  private isCompleted(schedule: ScheduleRecord): boolean {
    const { actionAfterCompletion, nextMs, state } = schedule;
    if (actionAfterCompletion !== 'DELETE' || nextMs !== undefined || state === 'DISABLED') return false;
    return this.dueOf.get(scheduleKeyText(schedule))?.size === 1;
  }

  private count(id: string, before: InvocationRecord | undefined, now: InvocationRecord | undefined): void {
    const text = scheduleKeyText((before ?? now)!.schedule);
    const due = this.dueOf.get(text) ?? new Set();
    if (now === undefined) due.delete(id);
    else due.add(id);
    if (due.size === 0) this.dueOf.delete(text);
    else this.dueOf.set(text, due);
  }

  private withoutInvocations(scheduleText: string): Change[] {
    return [...(this.dueOf.get(scheduleText) ?? [])].map((id) => this.invocations.to(id, undefined));
  }

  /** What follows a change sees it; who listens is told once it is on disk. */
  private async store(changes: readonly Change[], token?: RememberedToken): Promise<void> {
    const undo = changes.map((change) => change.apply());
    token?.apply();
    try {
      await this.state.commit([...changes.map(({ write }) => write), ...(token?.writes ?? [])]);
    } catch (error) {
      for (const restore of undo) restore();
      token?.undo();
      throw error;
    }
    for (const change of changes) change.tell();
  }
}

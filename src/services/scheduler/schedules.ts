/** Schedules, their groups and the invocations that are due: in memory for reading, every change on disk before it is seen. */
import type { Clock } from '../../core/clock.ts';
import { Turns } from '../../core/turns.ts';
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import type { RememberedToken } from './client-tokens.ts';
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
  private readonly groups = new Map<string, GroupRecord>();
  private readonly schedules = new Map<string, ScheduleRecord>();
  private readonly invocations = new Map<string, InvocationRecord>();
  /** Changes of a group and of what is in it follow one another. */
  private readonly turns = new Turns();
  private readonly clock: Clock;
  private onSchedule: (key: ScheduleKey, schedule: ScheduleRecord | undefined) => void = () => {};
  private onInvocation: (executionId: string, invocation: InvocationRecord | undefined) => void = () => {};

  private constructor(state: StateStore, clock: Clock) {
    this.state = state;
    this.clock = clock;
  }

  static async open(state: StateStore, clock: Clock): Promise<Schedules> {
    const schedules = new Schedules(state, clock);
    const [groups, records, invocations] = await Promise.all([
      state.list<GroupRecord>(GROUPS),
      state.list<ScheduleRecord>(SCHEDULES),
      state.list<InvocationRecord>(INVOCATIONS),
    ]);
    for (const { key, value } of groups) schedules.groups.set(key, value);
    for (const { key, value } of records) schedules.schedules.set(key, value);
    for (const { key, value } of invocations) schedules.invocations.set(key, value);
    return schedules;
  }

  /** Tells what there is, and from then on what has changed. */
  follow(listeners: {
    schedule: (key: ScheduleKey, schedule: ScheduleRecord | undefined) => void;
    invocation: (executionId: string, invocation: InvocationRecord | undefined) => void;
  }): void {
    this.onSchedule = listeners.schedule;
    this.onInvocation = listeners.invocation;
    for (const schedule of this.schedules.values()) this.onSchedule(schedule, schedule);
    for (const invocation of this.invocations.values()) this.onInvocation(invocation.executionId, invocation);
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
    return sorted(this.schedules, `${accountId}/${region}/${group === undefined ? '' : `${group}/`}`);
  }

  listGroups(accountId: string, region: string): GroupRecord[] {
    const stored = sorted(this.groups, `${accountId}/${region}/`).filter(
      ({ group }) => group !== DEFAULT_GROUP,
    );
    const own = this.findGroup({ accountId, region, group: DEFAULT_GROUP })!;
    return [...stored, own].sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  /** Decides while nothing else changes in the group. A rejection of `decide` is passed on, and nothing has changed. */
  change(
    key: ScheduleKey,
    decide: (current: ScheduleRecord | undefined) => ScheduleChange,
  ): Promise<ScheduleRecord | undefined> {
    const text = scheduleKeyText(key);
    return this.turns.run(groupKeyText(key), async () => {
      const { schedule, invocation, token } = decide(this.schedules.get(text));
      const dropped = schedule === undefined ? this.dueOf(text) : [];
      const group = this.groups.has(groupKeyText(key)) ? undefined : this.findGroup(key);
      await this.state.commit([
        written(SCHEDULES, text, schedule),
        ...(group === undefined ? [] : [written(GROUPS, groupKeyText(key), group)]),
        ...dropped.map(({ executionId }) => written(INVOCATIONS, executionId, undefined)),
        ...(invocation === undefined ? [] : [written(INVOCATIONS, invocation.executionId, invocation)]),
        ...(token?.writes ?? []),
      ]);
      token?.stored();
      if (group !== undefined) this.groups.set(groupKeyText(key), group);
      this.showSchedule(key, schedule);
      for (const { executionId } of dropped) this.showInvocation(executionId, undefined);
      if (invocation !== undefined) this.showInvocation(invocation.executionId, invocation);
      return schedule;
    });
  }

  /** Another attempt of an invocation, or its end; nothing where it is gone already. */
  changeInvocation(
    { executionId, schedule }: InvocationRecord,
    changed: InvocationRecord | undefined,
  ): Promise<void> {
    return this.turns.run(groupKeyText(schedule), async () => {
      if (!this.invocations.has(executionId)) return;
      const held = this.find(schedule);
      const isOver = changed === undefined && held !== undefined && this.isCompleted(held, executionId);
      await this.state.commit([
        written(INVOCATIONS, executionId, changed),
        ...(isOver ? [written(SCHEDULES, scheduleKeyText(schedule), undefined)] : []),
      ]);
      this.showInvocation(executionId, changed);
      if (isOver) this.showSchedule(schedule, undefined);
    });
  }

  /** As `change`; a group that goes takes with it what is in it. */
  changeGroup(
    key: GroupKey,
    decide: (current: GroupRecord | undefined) => {
      readonly group: GroupRecord | undefined;
      readonly token?: RememberedToken | undefined;
    },
  ): Promise<void> {
    const text = groupKeyText(key);
    return this.turns.run(text, async () => {
      const { group, token } = decide(this.findGroup(key));
      const dropped = group === undefined ? this.list(key.accountId, key.region, key.group) : [];
      const due = dropped.flatMap((schedule) => this.dueOf(scheduleKeyText(schedule)));
      await this.state.commit([
        written(GROUPS, text, group),
        ...dropped.map((schedule) => written(SCHEDULES, scheduleKeyText(schedule), undefined)),
        ...due.map(({ executionId }) => written(INVOCATIONS, executionId, undefined)),
        ...(token?.writes ?? []),
      ]);
      token?.stored();
      if (group === undefined) this.groups.delete(text);
      else this.groups.set(text, group);
      for (const schedule of dropped) this.showSchedule(schedule, undefined);
      for (const { executionId } of due) this.showInvocation(executionId, undefined);
    });
  }

  private isCompleted(schedule: ScheduleRecord, lastExecutionId: string): boolean {
    const { actionAfterCompletion, nextMs, state } = schedule;
    if (actionAfterCompletion !== 'DELETE' || nextMs !== undefined || state === 'DISABLED') return false;
    return this.dueOf(scheduleKeyText(schedule)).every(({ executionId }) => executionId === lastExecutionId);
  }

  private dueOf(scheduleText: string): InvocationRecord[] {
    return [...this.invocations.values()].filter(
      ({ schedule }) => scheduleKeyText(schedule) === scheduleText,
    );
  }

  private showSchedule(key: ScheduleKey, schedule: ScheduleRecord | undefined): void {
    if (schedule === undefined) this.schedules.delete(scheduleKeyText(key));
    else this.schedules.set(scheduleKeyText(key), schedule);
    this.onSchedule(key, schedule);
  }

  private showInvocation(executionId: string, invocation: InvocationRecord | undefined): void {
    if (invocation === undefined) this.invocations.delete(executionId);
    else this.invocations.set(executionId, invocation);
    this.onInvocation(executionId, invocation);
  }
}

function written(table: string, key: string, value: object | undefined): StateWrite {
  return value === undefined ? { table, key, delete: true } : { table, key, value };
}

function sorted<T>(records: ReadonlyMap<string, T>, prefix: string): T[] {
  return [...records]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, record]) => record);
}

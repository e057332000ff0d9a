/** Scales what is registered: by schedule, and by how much of it is used. */
import type { Clock, Timer } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { parseSchedule } from '../../core/schedule/schedule-expression.ts';
import type { Log } from '../../ports/log.ts';
import type { ProvisionedCapacity } from './provisioned-capacity.ts';
import type {
  ScalableTarget,
  ScalingActivity,
  ScalingPolicy,
  ScheduledAction,
  TargetKey,
} from './scaling-records.ts';
import { targetKey } from './scaling-records.ts';
import type { TargetTable } from './target-table.ts';
import type { Utilization } from './utilization.ts';
import { SCALE_IN_MINUTES } from './utilization.ts';

const MS_PER_MINUTE = 60_000;
const MS_PER_SECOND = 1_000;

/** Minutes in a row beyond the target before capacity is added. Source: user guide, "Target tracking", alarms. */
const SCALE_OUT_MINUTES = 3;
/** How far below the target capacity is taken away, as a part of it. */
const SCALE_IN_PART = 0.9;

/** Activities that are kept of a target. AWS keeps those of six weeks. */
const MAX_ACTIVITIES = 100;

export interface ScalerDependencies {
  readonly table: TargetTable;
  readonly capacity: ProvisionedCapacity;
  readonly utilization: Utilization;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

/** When a scheduled action is due next. */
export function nextOf(action: ScheduledAction, afterMs: number): number | undefined {
  const { schedule, timezone, startMs, endMs, createdMs } = action;
  const from = Math.max(afterMs, (startMs ?? 0) - 1);
  const dueMs = parseSchedule(schedule, timezone).next(from, startMs ?? createdMs);
  return dueMs === undefined || (endMs !== undefined && dueMs > endMs) ? undefined : dueMs;
}

export class Scaler {
  private readonly deps: ScalerDependencies;
  /** Timers of each target: one for each of its scheduled actions that comes again. */
  private readonly timers = new Map<string, Map<ScheduledAction, Timer>>();
  private minute: Timer | undefined;

  constructor(deps: ScalerDependencies) {
    this.deps = deps;
  }

  /** To be called when Lambda can be called. */
  begin(): void {
    this.deps.table.onChange((key, target) => this.follow(key, target));
  }

  close(): void {
    this.minute?.cancel();
    for (const timers of this.timers.values()) for (const timer of timers.values()) timer.cancel();
    this.timers.clear();
  }

  private follow(key: string, target: ScalableTarget | undefined): void {
    const timers = this.timers.get(key) ?? new Map<ScheduledAction, Timer>();
    const actions = target?.actions ?? [];
    for (const [action, timer] of timers) {
      // An action that has not changed keeps its timer: it may be due at this very moment.
      if (actions.includes(action)) continue;
      timer.cancel();
      timers.delete(action);
    }
    this.timers.set(key, timers);
    if (target === undefined) this.timers.delete(key);
    else for (const action of actions) if (!timers.has(action)) this.expect(target, action, timers);
    if (target !== undefined && target.policies.length > 0) this.watch();
  }

  private expect(key: TargetKey, action: ScheduledAction, timers: Map<ScheduledAction, Timer>): void {
    const { clock, table } = this.deps;
    const dueMs = nextOf(action, clock.now());
    if (dueMs === undefined) return;
    const timer = clock.at(dueMs, async () => {
      timers.delete(action);
      try {
        await this.act(key, action.name);
      } finally {
        this.follow(targetKey(key), table.find(key));
      }
    });
    timers.set(action, timer);
  }

  /** Looks at what is used once a minute while any policy asks for it. */
  private watch(): void {
    if (this.minute !== undefined) return;
    const { clock } = this.deps;
    const dueMs = (Math.floor(clock.now() / MS_PER_MINUTE) + 1) * MS_PER_MINUTE;
    this.minute = clock.at(dueMs, async () => {
      this.minute = undefined;
      const watched = this.deps.table.withPolicies();
      for (const target of watched)
        for (const policy of target.policies)
          await this.track(target, policy).catch((error: unknown) => this.failed(target, error));
      if (watched.length > 0) this.watch();
    });
  }

  /** A scheduled action sets the limits, and brings the capacity within them. */
  private async act(key: TargetKey, name: string): Promise<void> {
    const { table } = this.deps;
    let isSuspended = false;
    const target = await table
      .update(key, (before) => {
        isSuspended = before.suspended.scheduled;
        const action = before.actions.find((each) => each.name === name);
        if (action === undefined || isSuspended) return before;
        const { minCapacity = before.minCapacity, maxCapacity = before.maxCapacity } = action;
        return { ...before, minCapacity, maxCapacity: Math.max(minCapacity, maxCapacity) };
      })
      .catch(unlessGone);
    if (target === undefined || isSuspended) return;
    const { minCapacity, maxCapacity } = target;
    const cause = `scheduled action name ${name} was triggered`;
    await this.scale(
      target,
      (current) => Math.min(maxCapacity, Math.max(minCapacity, current)),
      `minimum capacity was set to ${minCapacity} and maximum capacity was set to ${maxCapacity}: ${cause}`,
    );
  }

  private async track(target: ScalableTarget, { name, configuration }: ScalingPolicy): Promise<void> {
    const { utilization, clock } = this.deps;
    const { TargetValue = 0, DisableScaleIn, ScaleOutCooldown = 0, ScaleInCooldown = 0 } = configuration;
    const { scaledOutMs, scaledInMs, suspended } = target;
    // What was used of another capacity says nothing of this one.
    const used = utilization.recent(target, SCALE_IN_MINUTES, Math.max(scaledOutMs ?? 0, scaledInMs ?? 0));
    const average = (minutes: number): number | undefined => {
      const taken = used.slice(0, minutes);
      return taken.every((value) => value !== undefined)
        ? taken.reduce((sum, value) => sum + value, 0) / minutes
        : undefined;
    };
    const [isAbove, isBelow] = [
      used.slice(0, SCALE_OUT_MINUTES).every((value) => value !== undefined && value > TargetValue),
      used.every((value) => value !== undefined && value < TargetValue * SCALE_IN_PART),
    ];
    const now = clock.now();
    const rests = (sinceMs: number | undefined, cooldown: number): boolean =>
      sinceMs !== undefined && now - sinceMs < cooldown * MS_PER_SECOND;
    if (isAbove && !suspended.dynamicOut && !rests(scaledOutMs, ScaleOutCooldown)) {
      const load = average(SCALE_OUT_MINUTES)!;
      await this.scaleBy(target, name, (current) => Math.ceil((current * load) / TargetValue), 'scaledOutMs');
    } else if (
      isBelow &&
      DisableScaleIn !== true &&
      !suspended.dynamicIn &&
      !rests(scaledInMs, ScaleInCooldown)
    ) {
      const load = average(SCALE_IN_MINUTES)!;
      await this.scaleBy(target, name, (current) => Math.ceil((current * load) / TargetValue), 'scaledInMs');
    }
  }

  private async scaleBy(
    target: ScalableTarget,
    policyName: string,
    wanted: (current: number) => number,
    mark: 'scaledOutMs' | 'scaledInMs',
  ): Promise<void> {
    const { minCapacity, maxCapacity } = target;
    const within = (current: number): number => Math.min(maxCapacity, Math.max(minCapacity, wanted(current)));
    const has = await this.scale(target, within, `policy ${policyName} was triggered`);
    if (!has) return;
    await this.deps.table
      .update(target, (now) => ({ ...now, [mark]: this.deps.clock.now() }))
      .catch(unlessGone);
  }

  private failed(key: TargetKey, error: unknown): void {
    this.deps.log.error({ target: targetKey(key), err: error }, 'A scalable target could not be looked at.');
  }

  /** Whether the capacity was changed. A change that Lambda refuses is an activity that failed. */
  private async scale(
    target: TargetKey,
    wanted: (current: number) => number,
    cause: string,
  ): Promise<boolean> {
    const { capacity, clock, log } = this.deps;
    const startMs = clock.now();
    let desired: number | undefined;
    try {
      const current = await capacity.current(target);
      desired = wanted(current);
      if (desired === current) return false;
      await capacity.set(target, desired);
      await this.note(
        target,
        desired,
        cause,
        startMs,
        'Successful',
        `Successfully set provisioned concurrency to ${desired}. Change successfully fulfilled by lambda.`,
      );
      return true;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      log.warn({ target: targetKey(target), error: error.message }, 'A scalable target could not be scaled.');
      await this.note(
        target,
        desired,
        cause,
        startMs,
        'Failed',
        `Failed to set provisioned concurrency: ${error.message}`,
      );
      return false;
    }
  }

  private async note(
    key: TargetKey,
    desired: number | undefined,
    cause: string,
    startMs: number,
    status: ScalingActivity['status'],
    message: string,
  ): Promise<void> {
    const { table, ids, clock } = this.deps;
    const activity: ScalingActivity = {
      activityId: ids.uuid(),
      description: `Setting provisioned concurrency to ${desired ?? 'what was asked for'}.`,
      cause,
      startMs,
      endMs: clock.now(),
      status,
      message,
    };
    await table
      .update(key, (target) => ({
        ...target,
        activities: [activity, ...target.activities].slice(0, MAX_ACTIVITIES),
      }))
      .catch(unlessGone);
  }
}

/** A target may be deregistered while it is scaled. */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof AwsError)) throw error;
}

/** Application Auto Scaling of provisioned concurrency: targets, scheduled actions, target tracking. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricSink } from '../../ports/metrics.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { actionOperations } from './action-operations.ts';
import { policyOperations } from './policy-operations.ts';
import { ProvisionedCapacity } from './provisioned-capacity.ts';
import { Scaler } from './scaler.ts';
import type { ScalingContext, ScalingOperations } from './scaling-context.ts';
import { targetOperations } from './target-operations.ts';
import { TargetTable } from './target-table.ts';
import { Utilization } from './utilization.ts';

export interface AutoScalingDependencies {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly call: Call;
}

export interface AutoScaling {
  readonly service: Service;
  /** Hears of what is used of what is provisioned. */
  readonly metrics: MetricSink;
  /** To be called when the services that are scaled can be called. */
  begin(): void;
  close(): void;
}

export async function openAutoScaling(dependencies: AutoScalingDependencies): Promise<AutoScaling> {
  const { state, clock, ids, log, call } = dependencies;
  const table = await TargetTable.open(state);
  const utilization = new Utilization(() => clock.now());
  const capacity = new ProvisionedCapacity(call);
  const scaler = new Scaler({ table, capacity, utilization, clock, ids, log });
  const context: ScalingContext = { table, clock, ids };
  const operations: ScalingOperations = {
    ...targetOperations(context),
    ...actionOperations(context),
    ...policyOperations(context),
  };
  return {
    service: { name: 'application-autoscaling', operations: operations as Service['operations'] },
    metrics: utilization,
    begin: () => scaler.begin(),
    close: () => scaler.close(),
  };
}

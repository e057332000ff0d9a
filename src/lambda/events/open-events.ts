/** Puts asynchronous invocation together with what it needs of the rest of Lambda. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { EventQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricSink } from '../../ports/metrics.ts';
import type { FunctionControl } from '../control/function-control.ts';
import type { Faults } from '../invoke/faults.ts';
import type { Invoker } from '../invoke/invoke.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { EventAttributes } from './asynchronous-event.ts';
import { AsynchronousInvocation } from './asynchronous-invocation.ts';
import { EventMetrics } from './event-metrics.ts';
import type { EventSettings } from './event-run.ts';
import { EventRunner } from './event-run.ts';
import { OutgoingDelivery } from './outgoing-delivery.ts';

export interface EventsDependencies {
  readonly control: EventControl;
  readonly invoker: Invoker;
  readonly faults: Faults;
  readonly queue: EventQueue;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: MetricSink;
  readonly deliver: Deliver;
  readonly call: Call;
  readonly requireOfRole: RequireOfRole;
}

type EventControl = Pick<
  FunctionControl,
  'directory' | 'aliases' | 'eventInvokeConfigs' | 'concurrency' | 'policies'
>;

export function openEvents(dependencies: EventsDependencies): AsynchronousInvocation {
  const { control, ...shared } = dependencies;
  const metrics = new EventMetrics(dependencies.metrics);
  const delivery = new OutgoingDelivery({
    ...shared,
    metrics,
    roleOf: (attributes) => versionOf(control, attributes)?.role,
  });
  const runner = new EventRunner({ ...shared, metrics, delivery, settings: settingsOf(control) });
  return new AsynchronousInvocation({ ...shared, metrics, runner, policies: control.policies });
}

function settingsOf(control: EventControl): EventSettings {
  const { eventInvokeConfigs, concurrency } = control;
  return {
    config: (name, qualifier) => eventInvokeConfigs.get(name, qualifier ?? LATEST),
    reservedConcurrency: (name) => concurrency.reserved(name),
    // Empty where it was taken away.
    deadLetterTarget: (attributes, executedVersion) =>
      versionOf(control, attributes, executedVersion)?.deadLetterTargetArn || undefined,
  };
}

/** The record of the version that was run, or else is meant. */
function versionOf(
  { directory, aliases }: EventControl,
  attributes: EventAttributes,
  executedVersion?: string,
): FunctionRecord | undefined {
  const { accountId, region, functionName, qualifier = LATEST } = attributes;
  const version = executedVersion ?? aliases.get(attributes, qualifier)?.functionVersion ?? qualifier;
  return directory.find(accountId, region, functionName, version);
}

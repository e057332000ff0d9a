/** Puts asynchronous invocation together with what it needs of the rest of Lambda. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { EventQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricSink } from '../../ports/metrics.ts';
import type { FunctionControl } from '../control/function-control.ts';
import type { Faults } from '../invoke/faults.ts';
import type { Invoker } from '../invoke/invoke.ts';
import { LATEST } from '../records/function-record.ts';
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
}

type EventControl = Pick<
  FunctionControl,
  'directory' | 'aliases' | 'eventInvokeConfigs' | 'concurrency' | 'policies'
>;

export function openEvents(dependencies: EventsDependencies): AsynchronousInvocation {
  const { control, deliver, ...shared } = dependencies;
  const metrics = new EventMetrics(dependencies.metrics);
  const delivery = new OutgoingDelivery({ ...shared, metrics, deliver });
  const runner = new EventRunner({ ...shared, metrics, delivery, settings: settingsOf(control) });
  return new AsynchronousInvocation({ ...shared, metrics, runner, policies: control.policies });
}

function settingsOf(control: EventControl): EventSettings {
  const { directory, aliases, eventInvokeConfigs, concurrency } = control;
  return {
    config: (name, qualifier) => eventInvokeConfigs.get(name, qualifier ?? LATEST),
    reservedConcurrency: (name) => concurrency.reserved(name),
    deadLetterTarget(attributes, executedVersion) {
      const { accountId, region, functionName, qualifier = LATEST } = attributes;
      const version = executedVersion ?? aliases.get(attributes, qualifier)?.functionVersion ?? qualifier;
      // Empty where it was taken away.
      return directory.find(accountId, region, functionName, version)?.deadLetterTargetArn || undefined;
    },
  };
}

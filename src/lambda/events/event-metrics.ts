/** Figures of asynchronous invocation under AWS's names, for the function and for what the caller named of it. */
import type { MetricSink, MetricUnit } from '../../ports/metrics.ts';
import type { EventAttributes } from './asynchronous-event.ts';

export type EventMetric =
  | 'AsyncEventsReceived'
  | 'AsyncEventAge'
  | 'AsyncEventsDropped'
  | 'DeadLetterErrors'
  | 'DestinationDeliveryFailures'
  | 'RecursiveInvocationsDropped';

export class EventMetrics {
  private readonly sink: MetricSink;

  constructor(sink: MetricSink) {
    this.sink = sink;
  }

  count(name: Exclude<EventMetric, 'AsyncEventAge'>, attributes: EventAttributes): void {
    this.record(name, attributes, 1, 'Count');
  }

  /** From acceptance to an attempt. */
  age(attributes: EventAttributes, nowMs: number): void {
    this.record('AsyncEventAge', attributes, nowMs - attributes.acceptedMs, 'Milliseconds');
  }

  private record(name: EventMetric, attributes: EventAttributes, value: number, unit: MetricUnit): void {
    const { accountId, region, functionName: FunctionName } = attributes;
    this.sink.record({
      namespace: 'AWS/Lambda',
      name,
      unit,
      dimensions: { FunctionName },
      accountId,
      region,
      value,
    });
  }
}

/** Figures of event sources under AWS's names. */
import type { MetricSink, MetricUnit } from '../../ports/metrics.ts';
import type { MappingRecord } from '../records/mapping-table.ts';

/** Source: Lambda developer guide, "Event source mapping metrics": of mappings whose MetricsConfig asks for them. */
export type EventCountMetric =
  | 'PolledEventCount'
  | 'FilteredOutEventCount'
  | 'InvokedEventCount'
  | 'FailedInvokeEventCount'
  | 'DeletedEventCount'
  | 'DroppedEventCount'
  | 'OnFailureDestinationDeliveredEventCount';

export class MappingMetrics {
  private readonly sink: MetricSink;
  private readonly mapping: MappingRecord;

  constructor(sink: MetricSink, mapping: MappingRecord) {
    this.sink = sink;
    this.mapping = mapping;
  }

  count(name: EventCountMetric, value: number): void {
    if (this.mapping.countsEvents !== true || value === 0) return;
    this.record(name, { EventSourceMappingUUID: this.mapping.uuid }, value, 'Count');
  }

  /** How long ago the last record of a batch arrived when the function gets it. */
  iteratorAge(ms: number): void {
    this.record('IteratorAge', { FunctionName: this.mapping.functionName }, ms, 'Milliseconds');
  }

  destinationFailed(): void {
    const { functionName: FunctionName } = this.mapping;
    this.record('DestinationDeliveryFailures', { FunctionName }, 1, 'Count');
  }

  private record(
    name: string,
    dimensions: Readonly<Record<string, string>>,
    value: number,
    unit: MetricUnit,
  ): void {
    const { accountId, region } = this.mapping;
    this.sink.record({ namespace: 'AWS/Lambda', name, unit, dimensions, accountId, region, value });
  }
}

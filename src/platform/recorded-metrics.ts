/** Metrics in memory since the start, as sums: what the administrative endpoint shows. */
import type { MetricDatum, MetricSink, MetricUnit } from '../ports/metrics.ts';

export interface MetricTotal {
  readonly namespace: string;
  readonly name: string;
  readonly unit: MetricUnit;
  readonly accountId: string;
  readonly region: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly sampleCount: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

type Counting = { -readonly [Member in keyof MetricTotal]: MetricTotal[Member] };

export class RecordedMetrics implements MetricSink {
  private readonly totals = new Map<string, Counting>();

  /** Called several times by every invocation. */
  record(datum: MetricDatum): void {
    const { namespace, name, accountId, region, dimensions, value } = datum;
    let key = `${namespace} ${name} ${accountId} ${region}`;
    for (const dimension in dimensions) key += ` ${dimension} ${dimensions[dimension]}`;
    const total = this.totals.get(key);
    if (total === undefined) {
      const { value: first, ...metric } = datum;
      this.totals.set(key, { ...metric, sampleCount: 1, sum: first, minimum: first, maximum: first });
      return;
    }
    total.sampleCount += 1;
    total.sum += value;
    if (value < total.minimum) total.minimum = value;
    if (value > total.maximum) total.maximum = value;
  }

  list(): MetricTotal[] {
    return [...this.totals.values()].map((total) => ({ ...total }));
  }
}

/** One sink for several. */
export function metricsTo(...sinks: readonly MetricSink[]): MetricSink {
  return {
    record(datum) {
      for (const sink of sinks) sink.record(datum);
    },
  };
}

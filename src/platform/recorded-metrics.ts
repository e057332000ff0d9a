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

export class RecordedMetrics implements MetricSink {
  private readonly totals = new Map<string, MetricTotal>();

  record({ value, ...metric }: MetricDatum): void {
    const { namespace, name, accountId, region, dimensions } = metric;
    const key = [namespace, name, accountId, region, ...Object.entries(dimensions).flat()].join(' ');
    const known = this.totals.get(key);
    this.totals.set(key, {
      ...metric,
      sampleCount: (known?.sampleCount ?? 0) + 1,
      sum: (known?.sum ?? 0) + value,
      minimum: Math.min(known?.minimum ?? value, value),
      maximum: Math.max(known?.maximum ?? value, value),
    });
  }

  list(): MetricTotal[] {
    return [...this.totals.values()];
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

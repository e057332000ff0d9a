/** Shard-level metrics of enhanced monitoring. Source: "Monitoring Kinesis with CloudWatch". */
import type { MetricSink, MetricUnit } from '../../ports/metrics.ts';
import type { Stream } from './stream.ts';
import { shardId } from './stream-record.ts';

/** Units by name; AWS lists them in this order. */
const UNITS = {
  IncomingBytes: 'Bytes',
  IncomingRecords: 'Count',
  OutgoingBytes: 'Bytes',
  OutgoingRecords: 'Count',
  WriteProvisionedThroughputExceeded: 'Count',
  ReadProvisionedThroughputExceeded: 'Count',
  IteratorAgeMilliseconds: 'Milliseconds',
} as const satisfies Readonly<Record<string, MetricUnit>>;

export type ShardMetric = keyof typeof UNITS;

export const SHARD_METRICS = Object.keys(UNITS) as readonly ShardMetric[];

export class ShardMetrics {
  private readonly sink: MetricSink;

  constructor(sink: MetricSink) {
    this.sink = sink;
  }

  /** Reports those of the values that the stream has monitoring for. */
  record(stream: Stream, shardIndex: number, values: Partial<Readonly<Record<ShardMetric, number>>>): void {
    const { settings, accountId, region, name } = stream.record;
    if (settings.shardMetrics.length === 0) return;
    for (const metric of SHARD_METRICS) {
      const value = values[metric];
      if (value === undefined || !settings.shardMetrics.includes(metric)) continue;
      this.sink.record({
        namespace: 'AWS/Kinesis',
        name: metric,
        unit: UNITS[metric],
        dimensions: { StreamName: name, ShardId: shardId(shardIndex) },
        accountId,
        region,
        value,
      });
    }
  }
}

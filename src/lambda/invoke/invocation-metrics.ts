/**
 * Figures of what functions did under AWS's names. Source: Lambda developer guide, "Types of metrics for Lambda functions": an
 * invocation that was throttled or met a fault of the platform is none; Errors has a sample of each, so that its mean is a rate.
 */
import type { MetricSink, MetricUnit } from '../../ports/metrics.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { InvocationOutcome } from './outcome.ts';

type Counted = Pick<FunctionRecord, 'accountId' | 'region' | 'functionName'>;

export class InvocationMetrics {
  private readonly sink: MetricSink;

  constructor(sink: MetricSink) {
    this.sink = sink;
  }

  invoked(record: Counted, { functionError, report }: InvocationOutcome): void {
    const { accountId, region, functionName } = record;
    const dimensions = { FunctionName: functionName };
    const tell = (name: string, unit: MetricUnit, value: number): void =>
      this.sink.record({ namespace: 'AWS/Lambda', name, unit, dimensions, accountId, region, value });
    tell('Invocations', 'Count', 1);
    tell('Errors', 'Count', functionError === undefined ? 0 : 1);
    tell('Duration', 'Milliseconds', report.durationMs);
  }
}

/** Figures of concurrency under AWS's names. Source: Lambda developer guide, "Monitoring concurrency" and "Types of metrics". */
import type { MetricSink } from '../../ports/metrics.ts';
import type { FunctionName } from '../records/qualified-table.ts';

/** What a provisioned concurrency configuration is for. */
export interface ProvisionedTarget {
  readonly name: FunctionName;
  /** Version or alias. */
  readonly qualifier: string;
}

export class ConcurrencyMetrics {
  private readonly sink: MetricSink;

  constructor(sink: MetricSink) {
    this.sink = sink;
  }

  /** An invocation was refused. */
  throttled(name: FunctionName): void {
    this.record('Throttles', name, undefined, 1);
  }

  /** An invocation runs in an environment that was provisioned; `busy` of the `allocated` ones now do. */
  provisioned({ name, qualifier }: ProvisionedTarget, busy: number, allocated: number): void {
    this.record('ProvisionedConcurrencyInvocations', name, qualifier, 1);
    this.record('ProvisionedConcurrentExecutions', name, qualifier, busy);
    this.record('ProvisionedConcurrencyUtilization', name, qualifier, busy / allocated);
  }

  /** An invocation runs on demand because all that is provisioned is busy. */
  spilledOver({ name, qualifier }: ProvisionedTarget): void {
    this.record('ProvisionedConcurrencySpilloverInvocations', name, qualifier, 1);
  }

  private record(
    name: string,
    { accountId, region, functionName }: FunctionName,
    qualifier: string | undefined,
    value: number,
  ): void {
    const dimensions = {
      FunctionName: functionName,
      ...(qualifier === undefined ? {} : { Resource: `${functionName}:${qualifier}` }),
    };
    this.sink.record({
      namespace: 'AWS/Lambda',
      name,
      unit: 'Count',
      dimensions,
      accountId,
      region,
      value,
    });
  }
}

/** Where services report figures, for whatever shows them. */
export type MetricUnit = 'Count' | 'Milliseconds' | 'Bytes';

export interface MetricDatum {
  /** AWS's, for example `AWS/Lambda`. */
  readonly namespace: string;
  readonly name: string;
  readonly unit: MetricUnit;
  /** By AWS's names, for example `{ FunctionName: 'f' }`. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly accountId: string;
  readonly region: string;
  readonly value: number;
}

export interface MetricSink {
  /** Never blocks and never throws. */
  record(datum: MetricDatum): void;
}

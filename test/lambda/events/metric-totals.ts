import type { Platform } from '../../../src/index.ts';

interface Total {
  readonly name: string;
  readonly dimensions: { readonly FunctionName?: string };
  readonly sum: number;
  readonly sampleCount: number;
  readonly maximum: number;
}

async function totalOf(platform: Platform, name: string, functionName: string): Promise<Total | undefined> {
  const response = await fetch(`${platform.origin}/_selfsame/metrics`);
  const { metrics } = (await response.json()) as { readonly metrics: readonly Total[] };
  return metrics.find((total) => total.name === name && total.dimensions.FunctionName === functionName);
}

/** The sum of a metric of a function since the server started. */
export async function metricOf(platform: Platform, name: string, functionName: string): Promise<number> {
  return (await totalOf(platform, name, functionName))?.sum ?? 0;
}

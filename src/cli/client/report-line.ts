/** The figures of an invocation from its log: the REPORT line, or `platform.report` in the JSON format. */
export interface InvocationFigures {
  readonly durationMs: number;
  readonly billedDurationMs: number;
  readonly memorySizeMb: number;
  readonly maxMemoryUsedMb: number;
  /** Only of the invocation that started its environment. */
  readonly initDurationMs: number | undefined;
}

/** Undefined when there is no report in the text. */
export function readReport(log: string): InvocationFigures | undefined {
  for (const line of log.split('\n').reverse()) {
    if (line.startsWith('REPORT RequestId: ')) return fromText(line);
    if (line.startsWith('{') && line.includes('"platform.report"')) return fromJson(line);
  }
  return undefined;
}

function fromText(line: string): InvocationFigures {
  const figure = (name: string): number | undefined => {
    const found = new RegExp(`\\t${name}: ([\\d.]+) (?:ms|MB)`).exec(line)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return {
    durationMs: figure('Duration') ?? 0,
    billedDurationMs: figure('Billed Duration') ?? 0,
    memorySizeMb: figure('Memory Size') ?? 0,
    maxMemoryUsedMb: figure('Max Memory Used') ?? 0,
    initDurationMs: figure('Init Duration'),
  };
}

interface PlatformReport {
  readonly record: {
    readonly metrics: {
      readonly durationMs: number;
      readonly billedDurationMs: number;
      readonly memorySizeMB: number;
      readonly maxMemoryUsedMB: number;
      readonly initDurationMs?: number;
    };
  };
}

function fromJson(line: string): InvocationFigures {
  const { metrics } = (JSON.parse(line) as PlatformReport).record;
  return {
    durationMs: metrics.durationMs,
    billedDurationMs: metrics.billedDurationMs,
    memorySizeMb: metrics.memorySizeMB,
    maxMemoryUsedMb: metrics.maxMemoryUsedMB,
    initDurationMs: metrics.initDurationMs,
  };
}

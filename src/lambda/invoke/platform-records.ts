/** Records of platform events as the JSON log format and the Telemetry API both have them. */
import type { TelemetrySubscription } from '../../ports/environment.ts';
import type { InvocationReport } from './outcome.ts';

/** How an environment comes to be, in AWS's words; its function sees it in a variable. */
export type InitializationType =
  | 'on-demand'
  | 'provisioned-concurrency'
  | 'snap-start'
  | 'lambda-managed-instances';

interface Initialization {
  readonly initializationType: InitializationType;
}

export interface InitStart extends Initialization {
  readonly runtimeVersion: string;
  readonly runtimeVersionArn: string;
}

export interface InitReport {
  readonly phase: 'init' | 'invoke';
  readonly durationMs: number;
  readonly status: 'success' | 'error' | 'timeout';
  readonly errorType?: string;
}

export function initStartRecord({ initializationType, ...init }: InitStart): object {
  return { initializationType, phase: 'init', ...init };
}

export type InitDone = Initialization & Pick<InitReport, 'phase' | 'status' | 'errorType'>;

export function initRuntimeDoneRecord({ initializationType, phase, status, errorType }: InitDone): object {
  return { initializationType, phase, status, ...errorTypeIfAny(errorType) };
}

export function initReportRecord(report: InitReport & Initialization): object {
  return { ...initRuntimeDoneRecord(report), metrics: { durationMs: rounded(report.durationMs) } };
}

export type RestoreStart = Pick<InitStart, 'runtimeVersion' | 'runtimeVersionArn'>;

export type RestoreReport = Omit<InitReport, 'phase'>;

export function restoreReportRecord({ durationMs, status, errorType }: RestoreReport): object {
  return { status, ...errorTypeIfAny(errorType), metrics: { durationMs: rounded(durationMs) } };
}

export function subscriptionRecord({ name, types }: TelemetrySubscription): object {
  return { name, state: 'Subscribed', types };
}

export interface InvocationStart {
  readonly requestId: string;
  readonly version: string;
  /** Where the function isolates its tenants. Source: Lambda developer guide, "Monitoring Lambda functions with tenant isolation". */
  readonly tenantId: string | undefined;
}

export function startRecord({ requestId, version, tenantId }: InvocationStart): object {
  return { requestId, version, ...(tenantId === undefined ? {} : { tenantId }) };
}

export function reportRecord(
  requestId: string,
  report: InvocationReport,
  errorType: string | undefined,
): object {
  const { initDurationMs, restore, tenantId } = report;
  return {
    requestId,
    ...(tenantId === undefined ? {} : { tenantId }),
    metrics: {
      durationMs: rounded(report.durationMs),
      billedDurationMs: report.billedDurationMs,
      memorySizeMB: report.memorySizeMb,
      maxMemoryUsedMB: report.maxMemoryUsedMb,
      ...(initDurationMs === undefined ? {} : { initDurationMs: rounded(initDurationMs) }),
      ...(restore === undefined
        ? {}
        : {
            restoreDurationMs: rounded(restore.durationMs),
            billedRestoreDurationMs: restore.billedDurationMs,
          }),
    },
    status: report.status,
    ...errorTypeIfAny(errorType),
  };
}

/** Milliseconds as AWS gives them in JSON: to the microsecond. */
export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

export function errorTypeIfAny(errorType: string | undefined): { errorType?: string } {
  return errorType === undefined ? {} : { errorType };
}

/** Records of platform events as the JSON log format and the Telemetry API both have them. */
import type { TelemetrySubscription } from '../../ports/environment.ts';
import type { InvocationReport } from './outcome.ts';

/** The only kind of initialization there is here. */
const INITIALIZATION_TYPE = 'on-demand';

export interface InitStart {
  readonly runtimeVersion: string;
  readonly runtimeVersionArn: string;
}

export interface InitReport {
  readonly phase: 'init' | 'invoke';
  readonly durationMs: number;
  readonly status: 'success' | 'error' | 'timeout';
  readonly errorType?: string;
}

export function initStartRecord(init: InitStart): object {
  return { initializationType: INITIALIZATION_TYPE, phase: 'init', ...init };
}

export function initRuntimeDoneRecord(
  phase: InitReport['phase'],
  status: InitReport['status'],
  errorType: string | undefined,
): object {
  return { initializationType: INITIALIZATION_TYPE, phase, status, ...errorTypeIfAny(errorType) };
}

export function initReportRecord({ phase, durationMs, status, errorType }: InitReport): object {
  return {
    ...initRuntimeDoneRecord(phase, status, errorType),
    metrics: { durationMs: rounded(durationMs) },
  };
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
  const { initDurationMs, tenantId } = report;
  return {
    requestId,
    ...(tenantId === undefined ? {} : { tenantId }),
    metrics: {
      durationMs: rounded(report.durationMs),
      billedDurationMs: report.billedDurationMs,
      memorySizeMB: report.memorySizeMb,
      maxMemoryUsedMB: report.maxMemoryUsedMb,
      ...(initDurationMs === undefined ? {} : { initDurationMs: rounded(initDurationMs) }),
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

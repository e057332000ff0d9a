/**
 * The lines Lambda itself writes into a function's log: INIT_START, START, END, REPORT and the
 * reports of failed inits, as text, or as JSON objects where the function's log format is JSON.
 */
import type { ExtensionInit, TelemetrySubscription } from '../../ports/environment.ts';
import type { LoggingConfig } from '../records/function-record.ts';
import type { InvocationReport, RestoreDuration } from './outcome.ts';
import type {
  InitDone,
  InitReport,
  InitStart,
  InvocationStart,
  RestoreReport,
  RestoreStart,
} from './platform-records.ts';
import {
  initReportRecord,
  initStartRecord,
  reportRecord,
  restoreReportRecord,
  startRecord,
  subscriptionRecord,
} from './platform-records.ts';

type SystemLevel = 'DEBUG' | 'INFO' | 'WARN';
const SYSTEM_LEVELS: readonly SystemLevel[] = ['DEBUG', 'INFO', 'WARN'];

export interface PlatformLog {
  initStart(init: InitStart, atMs: number): string | undefined;
  /** AWS writes INIT_REPORT as text only when init failed, or was that of a snapshot. */
  initReport(report: InitReport & InitDone, atMs: number): string | undefined;
  restoreStart(restore: RestoreStart, atMs: number): string | undefined;
  restoreReport(report: RestoreReport, atMs: number): string | undefined;
  extension(extension: ExtensionInit, atMs: number): string | undefined;
  subscribed(subscription: TelemetrySubscription, atMs: number): string | undefined;
  start(start: InvocationStart, atMs: number): string | undefined;
  timedOut(requestId: string, timeoutSeconds: number, atMs: number): string | undefined;
  /** A runtime that exited, in the words of the error message. */
  exited(requestId: string, message: string, errorType: string): string | undefined;
  end(requestId: string): string | undefined;
  report(
    requestId: string,
    report: InvocationReport,
    errorType: string | undefined,
    atMs: number,
  ): string | undefined;
}

export function platformLog(logging: LoggingConfig): PlatformLog {
  return logging.format === 'JSON' ? jsonPlatformLog(logging.systemLogLevel ?? 'INFO') : TEXT_PLATFORM_LOG;
}

const TEXT_PLATFORM_LOG: PlatformLog = {
  initStart: ({ runtimeVersion, runtimeVersionArn }) =>
    `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}`,
  initReport: ({ initializationType, phase, durationMs, status, errorType }) =>
    status === 'success'
      ? initializationType === 'snap-start'
        ? `INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms`
        : undefined
      : `INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms\tPhase: ${phase}\tStatus: ${status}` +
        (errorType === undefined ? '' : `\tError Type: ${errorType}`),
  // Both lines as in logs of AWS that users have published, aws-samples/amazon-chime-sma-bot for one.
  restoreStart: ({ runtimeVersion, runtimeVersionArn }) =>
    `RESTORE_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}`,
  restoreReport: ({ durationMs, status, errorType }) =>
    `RESTORE_REPORT Restore Duration: ${durationMs.toFixed(2)} ms` +
    (status === 'success' ? '' : `\tStatus: ${status}`) +
    (errorType === undefined ? '' : `\tError Type: ${errorType}`),
  extension: ({ name, state, events, errorType }) =>
    `EXTENSION\tName: ${name}\tState: ${state}\tEvents: [${events.join(', ')}]` +
    (errorType === undefined ? '' : `\tError Type: ${errorType}`),
  subscribed: ({ api, name, types }) =>
    `${api.toUpperCase()}\tName: ${name}\tState: Subscribed\tTypes: [${types.map(capitalized).join(', ')}]`,
  start: ({ requestId, version }) => `START RequestId: ${requestId} Version: ${version}`,
  timedOut: (requestId, timeoutSeconds, atMs) =>
    `${new Date(atMs).toISOString()} ${requestId} Task timed out after ${timeoutSeconds.toFixed(2)} seconds\n`,
  exited: (requestId, message, errorType) => `RequestId: ${requestId} Error: ${message}\n${errorType}`,
  end: (requestId) => `END RequestId: ${requestId}`,
  report: (requestId, report, errorType) =>
    `REPORT RequestId: ${requestId}\tDuration: ${report.durationMs.toFixed(2)} ms\tBilled Duration: ` +
    `${report.billedDurationMs} ms\tMemory Size: ${report.memorySizeMb} MB\tMax Memory Used: ` +
    `${report.maxMemoryUsedMb} MB\t` +
    (report.initDurationMs === undefined ? '' : `Init Duration: ${report.initDurationMs.toFixed(2)} ms\t`) +
    (report.restore === undefined ? '' : restoreFields(report.restore)) +
    (report.status === 'timeout' ? 'Status: timeout' : '') +
    (report.status === 'error' ? `Status: error\tError Type: ${errorType ?? 'Runtime.Unknown'}` : ''),
};

function restoreFields({ durationMs, billedDurationMs }: RestoreDuration): string {
  return `Restore Duration: ${durationMs.toFixed(2)} ms\tBilled Restore Duration: ${billedDurationMs} ms\t`;
}

/** Levels by event and status follow AWS's "System log level event mapping". */
function jsonPlatformLog(threshold: SystemLevel): PlatformLog {
  const lowest = SYSTEM_LEVELS.indexOf(threshold);
  const line = (level: SystemLevel, type: string, atMs: number, record: object): string | undefined =>
    SYSTEM_LEVELS.indexOf(level) < lowest
      ? undefined
      : JSON.stringify({ time: new Date(atMs).toISOString(), type, record });
  return {
    initStart: (init, atMs) => line('INFO', 'platform.initStart', atMs, initStartRecord(init)),
    initReport: (report, atMs) =>
      line(
        report.status === 'success' ? 'DEBUG' : 'WARN',
        'platform.initReport',
        atMs,
        initReportRecord(report),
      ),
    restoreStart: (restore, atMs) => line('INFO', 'platform.restoreStart', atMs, restore),
    restoreReport: (report, atMs) => {
      const level = report.status === 'success' ? 'DEBUG' : 'WARN';
      return line(level, 'platform.restoreReport', atMs, restoreReportRecord(report));
    },
    subscribed: (subscription, atMs) => {
      const type =
        subscription.api === 'logs' ? 'platform.logsSubscription' : 'platform.telemetrySubscription';
      return line('INFO', type, atMs, subscriptionRecord(subscription));
    },
    extension: (extension, atMs) => line('INFO', 'platform.extension', atMs, extension),
    start: (start, atMs) => line('INFO', 'platform.start', atMs, startRecord(start)),
    timedOut: () => undefined,
    exited: () => undefined,
    end: () => undefined,
    report: (requestId, report, errorType, atMs) =>
      line(
        report.status === 'success' ? 'INFO' : 'WARN',
        'platform.report',
        atMs,
        reportRecord(requestId, report, errorType),
      ),
  };
}

function capitalized(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

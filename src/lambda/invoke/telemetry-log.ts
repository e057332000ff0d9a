/** What one environment tells subscribers of the Telemetry API. Source: "Telemetry API Event schema reference", 2022-12-13. */
import type { Clock } from '../../core/clock.ts';
import type {
  EnvironmentOutput,
  ExtensionInit,
  RunningEnvironment,
  TelemetryEvent,
  TelemetrySubscription,
} from '../../ports/environment.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { InvocationReport, InvocationStatus } from './outcome.ts';
import type {
  InitDone,
  InitReport,
  InitStart,
  InvocationStart,
  RestoreReport,
  RestoreStart,
} from './platform-records.ts';
import {
  errorTypeIfAny,
  initReportRecord,
  initRuntimeDoneRecord,
  initStartRecord,
  reportRecord,
  restoreReportRecord,
  rounded,
  startRecord,
  subscriptionRecord,
} from './platform-records.ts';

/** Events kept while a process is being started; its start takes milliseconds. */
const MAX_EARLY_EVENTS = 100;

export interface RuntimeDone {
  readonly status: InvocationStatus;
  readonly durationMs: number;
  readonly producedBytes: number;
  readonly errorType?: string | undefined;
}

export class TelemetryLog {
  private readonly clock: Clock;
  private readonly record: FunctionRecord;
  private running: RunningEnvironment | undefined;
  private early: TelemetryEvent[] = [];

  constructor(clock: Clock, record: FunctionRecord) {
    this.clock = clock;
    this.record = record;
  }

  connect(running: RunningEnvironment | undefined): void {
    this.running = running;
    if (running === undefined) return;
    for (const event of this.early.splice(0)) running.telemetry?.(event);
  }

  initStart(init: InitStart): void {
    this.tell('platform.initStart', () => ({
      ...initStartRecord(init),
      functionName: this.record.functionName,
      functionVersion: this.record.version,
    }));
  }

  initRuntimeDone(done: InitDone): void {
    this.tell('platform.initRuntimeDone', () => initRuntimeDoneRecord(done));
  }

  initReport(report: InitReport & InitDone): void {
    this.tell('platform.initReport', () => initReportRecord(report));
  }

  restoreStart(restore: RestoreStart, instanceId: string): void {
    this.tell('platform.restoreStart', () => ({
      ...restore,
      functionName: this.record.functionName,
      functionVersion: this.record.version,
      instanceId,
      instanceMaxMemory: this.record.memoryMb,
    }));
  }

  restoreRuntimeDone(status: RestoreReport['status'], errorType: string | undefined): void {
    this.tell('platform.restoreRuntimeDone', () => ({ status, ...errorTypeIfAny(errorType) }));
  }

  restoreReport(report: RestoreReport): void {
    this.tell('platform.restoreReport', () => restoreReportRecord(report));
  }

  extension(extension: ExtensionInit): void {
    this.tell('platform.extension', () => extension);
  }

  subscribed(subscription: TelemetrySubscription): void {
    this.tell('platform.telemetrySubscription', () => subscriptionRecord(subscription));
  }

  start(start: InvocationStart): void {
    this.tell('platform.start', () => startRecord(start));
  }

  output({ text, source }: EnvironmentOutput): void {
    this.tell(source ?? 'function', () =>
      this.record.logging.format === 'JSON' ? jsonOr(text) : `${text}\n`,
    );
  }

  runtimeDone(requestId: string, { status, durationMs, producedBytes, errorType }: RuntimeDone): void {
    this.tell('platform.runtimeDone', () => ({
      requestId,
      status,
      ...errorTypeIfAny(errorType),
      metrics: { durationMs: rounded(durationMs), producedBytes },
    }));
  }

  report(requestId: string, report: InvocationReport, errorType: string | undefined): void {
    this.tell('platform.report', () => reportRecord(requestId, report, errorType));
  }

  /** Records are made only where somebody takes them: most environments have no subscriber. */
  private tell(type: string, record: () => unknown): void {
    const isEarly = this.running === undefined;
    const sink = this.running?.telemetry;
    if (!isEarly && sink === undefined) return;
    const event = { time: new Date(this.clock.now()).toISOString(), type, record: record() };
    if (sink !== undefined) sink(event);
    else if (this.early.length < MAX_EARLY_EVENTS) this.early.push(event);
  }
}

/** With the JSON log format AWS tells lines that are JSON objects as such. */
function jsonOr(text: string): unknown {
  if (!text.startsWith('{')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

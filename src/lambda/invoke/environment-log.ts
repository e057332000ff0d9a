import type { Clock } from '../../core/clock.ts';
import type {
  EnvironmentOutput,
  ExtensionInit,
  RunningEnvironment,
  RuntimeInstallation,
  TelemetrySubscription,
} from '../../ports/environment.ts';
import type { LogEvent, LogSink, LogStreamAddress } from '../../ports/log-sink.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { runtimeVersionArn } from '../records/runtime-version.ts';
import type { LogTail } from './log-tail.ts';
import type { InvocationReport } from './outcome.ts';
import type { PlatformLog } from './platform-log.ts';
import { platformLog } from './platform-log.ts';
import type { InitializationType, InitReport, RestoreReport, RestoreStart } from './platform-records.ts';
import type { RuntimeDone } from './telemetry-log.ts';
import { TelemetryLog } from './telemetry-log.ts';

/** Levels of application logs in rising order. Source: Lambda "Log-level filtering". */
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;

/** The log of one environment: its stream, Lambda's own lines in it, and the function's output. */
export class EnvironmentLog {
  private readonly sink: LogSink;
  private readonly clock: Clock;
  private readonly record: FunctionRecord;
  private readonly address: LogStreamAddress;
  private readonly platform: PlatformLog;
  private readonly lowestLevel: number;
  private readonly initializationType: InitializationType;
  private readonly telemetry: TelemetryLog;
  private tail: LogTail | undefined;

  constructor(
    sink: LogSink,
    clock: Clock,
    record: FunctionRecord,
    stream: string,
    initializationType: InitializationType = 'on-demand',
  ) {
    this.initializationType = initializationType;
    this.sink = sink;
    this.clock = clock;
    this.record = record;
    this.address = {
      accountId: record.accountId,
      region: record.region,
      group: record.logging.logGroup,
      stream,
    };
    this.platform = platformLog(record.logging);
    this.telemetry = new TelemetryLog(clock, record);
    this.lowestLevel =
      record.logging.format === 'JSON' ? LEVELS.indexOf(record.logging.applicationLogLevel ?? 'INFO') : 0;
  }

  initStart(installation: RuntimeInstallation): void {
    const init = { initializationType: this.initializationType, ...this.runtimeVersion(installation) };
    this.telemetry.initStart(init);
    this.write((at) => this.platform.initStart(init, at));
  }

  restoreStart(installation: RuntimeInstallation, instanceId: string): void {
    const restore = this.runtimeVersion(installation);
    this.telemetry.restoreStart(restore, instanceId);
    this.write((at) => this.platform.restoreStart(restore, at));
  }

  restoreRuntimeDone(status: RestoreReport['status'], errorType?: string): void {
    this.telemetry.restoreRuntimeDone(status, errorType && reportedErrorType(errorType));
  }

  restoreReport(report: RestoreReport): void {
    this.telemetry.restoreReport(report);
    this.write((at) => this.platform.restoreReport(report, at));
  }

  private runtimeVersion({ version }: RuntimeInstallation): RestoreStart {
    const { region, runtime } = this.record;
    const exact = version === undefined ? '' : `.v${version}`;
    return {
      runtimeVersion: `${runtimeWords(runtime ?? 'provided')}${exact}`,
      runtimeVersionArn: runtimeVersionArn(region, runtime ?? ''),
    };
  }

  /** Where subscribers are told from now on; undefined while a process is being started. */
  connect(running: RunningEnvironment | undefined): void {
    this.telemetry.connect(running);
  }

  subscribed(subscription: TelemetrySubscription): void {
    this.telemetry.subscribed(subscription);
    this.write((at) => this.platform.subscribed(subscription, at));
  }

  initRuntimeDone(phase: InitReport['phase'], status: 'success' | 'error', errorType?: string): void {
    const { initializationType } = this;
    const shown = errorType === undefined ? {} : { errorType: reportedErrorType(errorType) };
    this.telemetry.initRuntimeDone({ initializationType, phase, status, ...shown });
  }

  runtimeDone(requestId: string, done: RuntimeDone): void {
    const { errorType } = done;
    this.telemetry.runtimeDone(requestId, { ...done, errorType: errorType && reportedErrorType(errorType) });
  }

  extension(extension: ExtensionInit): void {
    this.telemetry.extension(extension);
    this.write((at) => this.platform.extension(extension, at));
  }

  initReport(report: InitReport): void {
    const { errorType, ...known } = report;
    const rest = { initializationType: this.initializationType, ...known };
    const shown = errorType === undefined ? rest : { ...rest, errorType: reportedErrorType(errorType) };
    this.telemetry.initReport(shown);
    this.write((at) => this.platform.initReport(shown, at));
  }

  begin(requestId: string, tenantId: string | undefined, tail: LogTail | undefined): void {
    this.tail = tail;
    const start = { requestId, version: this.record.version, tenantId };
    this.telemetry.start(start);
    this.write((at) => this.platform.start(start, at));
  }

  output(line: EnvironmentOutput): void {
    // The bootstraps filter by level themselves; this holds for runtimes that only state a level.
    if (line.level !== undefined && LEVELS.indexOf(line.level) < this.lowestLevel) return;
    this.telemetry.output(line);
    this.write(() => line.text);
  }

  timedOut(requestId: string, timeoutSeconds: number): void {
    this.write((at) => this.platform.timedOut(requestId, timeoutSeconds, at));
  }

  exited(requestId: string, message: string, errorType: string): void {
    this.write(() => this.platform.exited(requestId, message, errorType));
  }

  end(requestId: string, report: InvocationReport, errorType: string | undefined): void {
    const shown = errorType === undefined ? undefined : reportedErrorType(errorType);
    this.telemetry.report(requestId, report, shown);
    const timestampMs = this.clock.now();
    this.append(timestampMs, [
      this.platform.end(requestId),
      this.platform.report(requestId, report, shown, timestampMs),
    ]);
    this.tail = undefined;
  }

  private write(render: (atMs: number) => string | undefined): void {
    const timestampMs = this.clock.now();
    this.append(timestampMs, [render(timestampMs)]);
  }

  /** At once: a store looks up the stream for each call. */
  private append(timestampMs: number, texts: readonly (string | undefined)[]): void {
    const events: LogEvent[] = [];
    for (const text of texts) {
      if (text === undefined) continue;
      this.tail?.add(text);
      // AWS was seen to keep the line end in the stored message.
      events.push({ timestampMs, message: text.endsWith('\n') ? text : `${text}\n` });
    }
    if (events.length > 0) this.sink.append(this.address, events);
  }
}

/**
 * Reports name only Lambda's own kinds of error; those of user code are unknown to them, as AWS's
 * runtime interface emulator has it.
 */
function reportedErrorType(errorType: string): string {
  if (/^(Runtime|Function|Sandbox|Extension)\.[A-Z][A-Za-z]+$/.test(errorType)) return errorType;
  return errorType.startsWith('Function.') ? 'Function.Unknown' : 'Runtime.Unknown';
}

/** AWS's words for a runtime in INIT_START: `nodejs:24`, `python:3.13`, `provided:al2023`. */
function runtimeWords(runtime: string): string {
  return runtime.replace(/^([a-z]+?)\.?(\d.*?|al\d+)(?:\.x)?$/, '$1:$2');
}

/** An event that an environment has, from its start to its report. */
import type { Clock } from '../../core/clock.ts';
import type { RuntimeEvent } from '../../ports/environment.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { LogTail } from './log-tail.ts';
import type { InvocationOutcome, InvocationReport, InvocationStatus, RestoreDuration } from './outcome.ts';
import { billedDurationMs } from './outcome.ts';
import type { ResponseStream } from './response-stream.ts';
import type { RuntimeDone } from './telemetry-log.ts';
import { exceededBytes, RESPONSE_TOO_LARGE, tooLargePayload, WrittenResponse } from './written-response.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface Invocation extends Omit<RuntimeEvent, 'deadlineMs'> {
  readonly wantsLogTail: boolean;
  /** Gets what a streaming function writes, as it is written; without it, it is gathered. The caller ends it. */
  readonly stream?: ResponseStream;
}

/** What an event has of its environment. */
export interface InvocationPlace {
  readonly clock: Clock;
  readonly log: EnvironmentLog;
  readonly record: Pick<FunctionRecord, 'memoryMb' | 'timeoutSeconds'>;
}

/** What the caller is to get, and how the report calls it. */
export interface Answer {
  readonly status: InvocationStatus;
  readonly payload: Buffer;
  /** Undefined with success alone. */
  readonly errorType: string | undefined;
  /** The environment had ended before the event reached it. */
  readonly undelivered?: true | undefined;
}

/** How the environment came to be, for the first of its invocations. */
export interface Startup {
  readonly initDurationMs: number | undefined;
  readonly restore: RestoreDuration | undefined;
}

export class InFlightInvocation {
  readonly invocation: Invocation;
  /** Resolves with whatever became of it. */
  readonly outcome: Promise<InvocationOutcome>;
  readonly timeoutMs: number;
  protected readonly place: InvocationPlace;
  private readonly startedAt: number;
  private readonly tail: LogTail | undefined;
  private resolve!: (outcome: InvocationOutcome) => void;
  private timer: NodeJS.Timeout | undefined;
  /** What the function has written, where it is a streaming one. */
  private written: WrittenResponse | undefined;
  /** Once it has ended. */
  private ended!: Omit<InvocationOutcome, 'report' | 'logTail'>;
  private done!: RuntimeDone;
  private report!: Writable<InvocationReport>;
  private billedStartupMs: number | undefined;
  private lastedMs = 0;

  constructor(invocation: Invocation, place: InvocationPlace) {
    this.invocation = invocation;
    this.place = place;
    this.timeoutMs = place.record.timeoutSeconds * 1_000;
    this.startedAt = place.clock.monotonic();
    this.tail = invocation.wantsLogTail ? new LogTail() : undefined;
    this.outcome = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get elapsedMs(): number {
    return this.place.clock.monotonic() - this.startedAt;
  }

  /** Also where its extensions were not done in time. */
  get hasTimedOut(): boolean {
    return this.report.status === 'timeout';
  }

  /** Milliseconds from its start to its end. */
  get endedAfterMs(): number {
    return this.lastedMs;
  }

  /** Not before the report of the one before is written. */
  begin(timedOut: () => void): void {
    const { requestId, tenantId } = this.invocation;
    this.place.log.begin(requestId, tenantId, this.tail);
    this.timer = setTimeout(timedOut, this.timeoutMs);
  }

  /** A piece of a streamed response; a promise where the runtime is to wait before it writes more. */
  write(chunk: Buffer): Promise<void> | undefined {
    this.written ??= new WrittenResponse(this.invocation.stream);
    return this.written.write(chunk);
  }

  /** Of what is written, before its first piece. */
  set contentType(contentType: string) {
    const { stream } = this.invocation;
    if (stream !== undefined) stream.contentType = contentType;
  }

  /** What it ends with, once the function has answered with the last piece. */
  answer(last: Buffer): Answer {
    const { written } = this;
    const payload = written === undefined ? last : written.payload(last);
    const maxBytes = exceededBytes(written, payload);
    if (maxBytes === undefined) return { status: 'success', payload, errorType: undefined };
    return { status: 'failure', payload: tooLargePayload(maxBytes), errorType: RESPONSE_TOO_LARGE };
  }

  /** Answers the caller; one who wants the log tail waits for `complete`. */
  end({ status, payload, errorType, undelivered }: Answer, startup: Startup): void {
    clearTimeout(this.timer);
    const { initDurationMs, restore } = startup;
    const { tenantId } = this.invocation;
    this.billedStartupMs = initDurationMs ?? restore?.billedDurationMs;
    this.lastedMs = this.elapsedMs;
    const durationMs = status === 'timeout' ? this.timeoutMs : this.lastedMs;
    this.done = { status, durationMs, producedBytes: payload.length, errorType };
    this.report = {
      status,
      durationMs,
      billedDurationMs: billedDurationMs(durationMs, this.billedStartupMs),
      memorySizeMb: this.place.record.memoryMb,
      maxMemoryUsedMb: 0,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...(restore === undefined ? {} : { restore }),
      ...(tenantId === undefined ? {} : { tenantId }),
    };
    this.ended =
      status === 'success'
        ? { payload }
        : {
            functionError: 'Unhandled',
            errorType: errorType!,
            ...(undelivered === undefined ? {} : { undelivered }),
            payload,
          };
    if (this.tail === undefined) this.resolve({ ...this.ended, report: this.report });
  }

  /** Tells subscribers; when what was written before has been read. */
  runtimeDone(): void {
    this.place.log.runtimeDone(this.invocation.requestId, this.done);
  }

  /** Extensions count: an invocation lasts until they ask for the next event too. False when its time was up before. */
  async extensionsDone(atWork: Promise<void>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), Math.max(0, this.timeoutMs - this.elapsedMs));
    });
    const isInTime = await Promise.race([atWork.then(() => true), timedOut]);
    clearTimeout(timer);
    const durationMs = this.elapsedMs;
    this.report = {
      ...this.report,
      ...(isInTime ? {} : { status: 'timeout' as const }),
      durationMs,
      billedDurationMs: billedDurationMs(durationMs, this.billedStartupMs),
    };
    if (!isInTime) this.place.log.timedOut(this.invocation.requestId, this.place.record.timeoutSeconds);
    return isInTime;
  }

  /** Writes END and REPORT. */
  complete(maxMemoryUsedMb: number): void {
    this.report.maxMemoryUsedMb = maxMemoryUsedMb;
    this.place.log.end(this.invocation.requestId, this.report, this.done.errorType);
    if (this.tail === undefined) return;
    this.resolve({ ...this.ended, report: this.report, logTail: this.tail.toBuffer() });
  }
}

/** One of the events that a managed environment has, from its start to its answer and its report. */
import type { Clock } from '../../core/clock.ts';
import type { ManagedRecord } from '../records/managed-record.ts';
import type { Invocation } from './environment.ts';
import type { EnvironmentLog } from './environment-log.ts';
import type { InvocationOutcome, InvocationStatus } from './outcome.ts';
import { billedDurationMs, errorPayload, timeoutPayload } from './outcome.ts';
import { WrittenResponse } from './written-response.ts';

/** What an event has of its environment. */
export interface ManagedEventPlace {
  readonly clock: Clock;
  readonly log: EnvironmentLog;
  readonly record: ManagedRecord;
  /** The environment's highest memory so far, once it has been looked at after an event of such a length. */
  memoryMb(elapsedMs: number): Promise<number>;
}

export class ManagedEvent {
  readonly invocation: Invocation;
  /** Resolves with whatever became of it; its time-out is such an end, though the code runs on. */
  readonly outcome: Promise<InvocationOutcome>;
  private readonly place: ManagedEventPlace;
  private readonly startedAt: number;
  private readonly timer: NodeJS.Timeout;
  private resolve!: (outcome: InvocationOutcome) => void;
  private written: WrittenResponse | undefined;
  private isAnswered = false;

  constructor(invocation: Invocation, place: ManagedEventPlace) {
    this.invocation = invocation;
    this.place = place;
    this.startedAt = place.clock.monotonic();
    this.outcome = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.timer = setTimeout(() => this.timedOut(), this.timeoutMs);
    place.log.begin(invocation.requestId, invocation.tenantId, undefined);
  }

  get timeoutMs(): number {
    return this.place.record.timeoutSeconds * 1_000;
  }

  /** A piece of a streamed response; a promise where the runtime is to wait before it writes more. */
  write(chunk: Buffer): Promise<void> | undefined {
    if (this.isAnswered) return undefined;
    this.written ??= new WrittenResponse(this.invocation.stream);
    return this.written.write(chunk);
  }

  succeeded(last: Buffer): void {
    const { written } = this;
    if (written === undefined) this.answer('success', last);
    else if (!written.isTooLarge) this.answer('success', written.payload(last));
    else this.answer('failure', tooLarge(written.maxBytes), 'Function.ResponseSizeTooLarge');
  }

  /** `status` tells whether the function says so or its runtime has ended. */
  failed(status: 'failure' | 'error', payload: Buffer, errorType: string): void {
    this.answer(status, payload, errorType);
  }

  private timedOut(): void {
    const { requestId } = this.invocation;
    const { timeoutSeconds } = this.place.record;
    this.place.log.timedOut(requestId, timeoutSeconds);
    this.answer('timeout', timeoutPayload(requestId, timeoutSeconds), 'Sandbox.Timedout');
  }

  /** Tells the caller at once, and the log when what was written before has been read. */
  private answer(status: InvocationStatus, payload: Buffer, errorType?: string): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    clearTimeout(this.timer);
    const { clock, log, record } = this.place;
    const { requestId } = this.invocation;
    const durationMs = clock.monotonic() - this.startedAt;
    const report = {
      status,
      durationMs,
      billedDurationMs: billedDurationMs(durationMs, undefined),
      memorySizeMb: record.memoryMb,
      maxMemoryUsedMb: 0,
    };
    const failed = errorType === undefined ? {} : { functionError: 'Unhandled' as const, errorType };
    this.resolve({ ...failed, payload, report });
    setImmediate(async () => {
      log.runtimeDone(requestId, { status, durationMs, producedBytes: payload.length, errorType });
      const maxMemoryUsedMb = await this.place.memoryMb(durationMs);
      log.end(requestId, { ...report, maxMemoryUsedMb }, errorType);
    });
  }
}

function tooLarge(maxBytes: number): Buffer {
  return errorPayload(
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${maxBytes} bytes).`,
  );
}

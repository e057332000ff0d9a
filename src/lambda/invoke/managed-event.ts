import type { Answer, Invocation, InvocationPlace } from './in-flight-invocation.ts';
import { InFlightInvocation } from './in-flight-invocation.ts';
import { timeoutPayload } from './outcome.ts';

/** What an event has of its environment. */
export interface ManagedEventPlace extends InvocationPlace {
  /** The environment's highest memory so far, once it has been looked at after an event of such a length. */
  memoryMb(elapsedMs: number): Promise<number>;
}

/** No event waits for an environment to come to be. */
const NO_STARTUP = { initDurationMs: undefined, restore: undefined };

/** One of the events that a managed environment has. Its time-out is an end too, though the code runs on. */
export class ManagedEvent {
  readonly inFlight: InFlightInvocation;
  private readonly place: ManagedEventPlace;
  private isAnswered = false;

  constructor(invocation: Invocation, place: ManagedEventPlace) {
    this.place = place;
    this.inFlight = new InFlightInvocation(invocation, place);
    this.inFlight.begin(() => this.timedOut());
  }

  /** A piece of a streamed response; a promise where the runtime is to wait before it writes more. */
  write(chunk: Buffer): Promise<void> | undefined {
    return this.isAnswered ? undefined : this.inFlight.write(chunk);
  }

  succeeded(last: Buffer): void {
    if (!this.isAnswered) this.end(this.inFlight.answer(last));
  }

  /** Tells the caller at once, and the log when what was written before has been read. */
  end(answer: Answer): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    const { inFlight } = this;
    inFlight.end(answer, NO_STARTUP);
    setImmediate(async () => {
      inFlight.runtimeDone();
      inFlight.complete(await this.place.memoryMb(inFlight.endedAfterMs));
    });
  }

  private timedOut(): void {
    const { requestId } = this.inFlight.invocation;
    const { timeoutSeconds } = this.place.record;
    this.place.log.timedOut(requestId, timeoutSeconds);
    const payload = timeoutPayload(requestId, timeoutSeconds);
    this.end({ status: 'timeout', payload, errorType: 'Sandbox.Timedout' });
  }
}

/** An environment that runs already and does not know yet for which function. */
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentOutput,
  EnvironmentSpec,
  ExtensionInit,
  RunningEnvironment,
  TelemetrySubscription,
} from '../../ports/environment.ts';
import type { CompiledOffer } from '../environment/compiled-code.ts';

/**
 * Hears an environment before and after it has an owner. What comes before is nobody's: generic runtimes say
 * nothing, and one that exits leaves the pool.
 */
export class RelayListener implements EnvironmentListener {
  private owner: EnvironmentListener | undefined;
  /** Resolves when the runtime waits for its function, or has ended. */
  readonly waits: Promise<void>;
  private readonly onEarlyExit: () => void;
  private waitOver!: () => void;
  private hasEnded = false;

  constructor(onEarlyExit: () => void) {
    this.onEarlyExit = onEarlyExit;
    this.waits = new Promise((resolve) => {
      this.waitOver = resolve;
    });
  }

  /** False when the environment has ended meanwhile. */
  passTo(owner: EnvironmentListener): boolean {
    if (this.hasEnded) return false;
    this.owner = owner;
    return true;
  }

  ready(): void {
    this.owner?.ready();
  }

  initError(errorType: string, payload: Buffer): void {
    this.owner?.initError(errorType, payload);
  }

  response(requestId: string, payload: Buffer, maxMemoryBytes: number | undefined): void {
    this.owner?.response(requestId, payload, maxMemoryBytes);
  }

  responseChunk(requestId: string, chunk: Buffer): Promise<void> | undefined {
    return this.owner?.responseChunk(requestId, chunk);
  }

  responseType(requestId: string, contentType: string): void {
    this.owner?.responseType?.(requestId, contentType);
  }

  error(requestId: string, errorType: string, payload: Buffer, maxMemoryBytes: number | undefined): void {
    this.owner?.error(requestId, errorType, payload, maxMemoryBytes);
  }

  output(line: EnvironmentOutput): void {
    this.owner?.output(line);
  }

  extension(extension: ExtensionInit): void {
    this.owner?.extension?.(extension);
  }

  awaitsAssignment(): void {
    this.waitOver();
  }

  restored(): void {
    this.owner?.restored?.();
  }

  subscribed(subscription: TelemetrySubscription): void {
    this.owner?.subscribed?.(subscription);
  }

  initRuntimeDone(status: 'success' | 'error', errorType?: string): void {
    this.owner?.initRuntimeDone?.(status, errorType);
  }

  leaving(): void {
    this.owner?.leaving();
  }

  exit(exit: EnvironmentExit): void {
    this.hasEnded = true;
    this.waitOver();
    if (this.owner === undefined) this.onEarlyExit();
    else this.owner.exit(exit);
  }
}

export interface PooledEnvironment {
  readonly running: RunningEnvironment;
  readonly relay: RelayListener;
  /** The host's directory that is `/var/task` inside; empty until code is put there. */
  readonly taskDirectory: string;
  /** Its `AWS_LAMBDA_RUNTIME_API`. */
  readonly runtimeApi: string;
  /** Tells the runtime whose it is. */
  assign(variables: Readonly<Record<string, string>>, owner: EnvironmentSpec, compiled?: CompiledOffer): void;
}

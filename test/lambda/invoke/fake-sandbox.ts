/** A sandbox whose runtimes do what the test says; no process is started. */
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  RuntimeEvent,
  RuntimeInstallation,
  Sandbox,
} from '../../../src/ports/environment.ts';

export class FakeRuntime implements RunningEnvironment {
  readonly spec: EnvironmentSpec;
  readonly listener: EnvironmentListener;
  readonly events: RuntimeEvent[] = [];
  killed = false;
  memoryBytes = 20 * 1024 * 1024;
  onInvoke: (event: RuntimeEvent) => void = () => {};

  constructor(spec: EnvironmentSpec, listener: EnvironmentListener) {
    this.spec = spec;
    this.listener = listener;
  }

  invoke(event: RuntimeEvent): void {
    this.events.push(event);
    this.onInvoke(event);
  }

  respond(payload: string, maxMemoryBytes: number | undefined = this.memoryBytes): void {
    this.listener.response(this.events.at(-1)!.requestId, Buffer.from(payload), maxMemoryBytes);
  }

  fail(errorType: string, payload: string): void {
    this.listener.error(this.events.at(-1)!.requestId, errorType, Buffer.from(payload), this.memoryBytes);
  }

  exit(code: number | null, signal: NodeJS.Signals | null = null): void {
    this.listener.exit({ code, signal });
  }

  async maxMemoryBytes(): Promise<number> {
    return this.memoryBytes;
  }

  async kill(): Promise<void> {
    if (this.killed) return;
    this.killed = true;
    this.listener.exit({ code: null, signal: 'SIGKILL' });
  }
}

export class FakeSandbox implements Sandbox {
  readonly level = 'process';
  readonly started: FakeRuntime[] = [];
  /** What each new runtime does; by default it is ready at once. */
  behave: (runtime: FakeRuntime, index: number) => void = (runtime) => runtime.listener.ready();

  async prepare(_installation: RuntimeInstallation): Promise<void> {}

  async start(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    const runtime = new FakeRuntime(spec, listener);
    this.started.push(runtime);
    queueMicrotask(() => this.behave(runtime, this.started.length - 1));
    return runtime;
  }

  async close(): Promise<void> {}
}

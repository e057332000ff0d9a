/**
 * The extensions of one running environment: it holds back `ready` until all of them have asked for
 * their first event, gives them events, knows when they are done, and leads them through Shutdown.
 * Sandboxes put it between a runtime's transport and the listener; without extensions it only passes on.
 */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RuntimeEvent,
  ShutdownReason,
} from '../../ports/environment.ts';
import type { ProcessStatus } from '../environment/inside-exit.ts';
import { readLines } from '../environment/output-lines.ts';
import { notFound } from '../runtime-api/api-answers.ts';
import type { ApiPlace } from '../runtime-api/api-server.ts';
import { apiServer, listenOnLoopback, serverAddress } from '../runtime-api/api-server.ts';
import { credentialsRoute } from '../runtime-api/credentials-route.ts';
import type { OtherRoutes } from '../runtime-api/runtime-routes.ts';
import { TelemetryApi } from '../telemetry/telemetry-api.ts';
import type { Extension, Refusal } from './extension-registry.ts';
import { ExtensionRegistry, MAX_EXTENSIONS, tooManyExtensions } from './extension-registry.ts';
import type { FunctionFacts } from './extensions-api.ts';
import { ExtensionsApi } from './extensions-api.ts';
import { externalExtensions, launchProblem, optOf, parseSupervisorLine } from './supervisor.ts';

/** The Shutdown phase, milliseconds, with external and with only internal extensions. Source: "Lambda execution environment life cycle". */
const EXTERNAL_SHUTDOWN_MS = 2_000;
const INTERNAL_SHUTDOWN_MS = 500;

/** The runtime's part of a Shutdown phase with external extensions, as AWS's runtime interface emulator divides it. */
const RUNTIME_SHARE = 0.3;

/** What an environment's processes look like from here. */
export interface SupervisedProcess {
  /** Ends all of them; resolves when nothing is left. */
  kill(): Promise<void>;
  /** Lets a Node.js runtime of ours wait for events without blocking. */
  keepLoop(): void;
  /** SIGTERM to the runtime where no supervisor stands between. */
  terminateRuntime(): Promise<void>;
  /** With external extensions: their output, and the supervisor's lines. */
  readonly extensionOutput: Readable | undefined;
  readonly control: Duplex | undefined;
}

export class EnvironmentExtensions {
  /** Names of the external ones. */
  readonly external: readonly string[];
  /** What the transport and the process of the environment tell. */
  readonly listener: EnvironmentListener;
  private readonly target: EnvironmentListener;
  private readonly registry: ExtensionRegistry;
  private readonly api: ExtensionsApi;
  private readonly telemetryApi: TelemetryApi;
  private readonly credentials: OtherRoutes;
  private facts: FunctionFacts;
  /** Where events overlap, extensions hear of the environment's end alone. Source: "Lambda Managed Instances". */
  private readonly hearsOfEvents: boolean;
  private server: Server | undefined;
  private process: SupervisedProcess | undefined;
  private isRuntimeReady = false;
  private isReady = false;
  private isRuntimeStarted = false;
  private runtimeStatus: ProcessStatus | undefined;
  private problem: Refusal | undefined;
  private shuttingDown: Promise<void> | undefined;
  private shutdownEvent: object | undefined;
  /** Called whenever something changed that somebody may wait for. */
  private readonly watchers = new Set<() => void>();
  private hasEnded = false;

  private constructor(spec: EnvironmentSpec, target: EnvironmentListener, external: readonly string[]) {
    this.target = target;
    this.external = external;
    this.hearsOfEvents = spec.maxConcurrency === undefined;
    this.credentials = credentialsRoute(spec.credentials);
    this.registry = new ExtensionRegistry(external, randomUUID);
    this.facts = functionFacts(spec);
    this.api = new ExtensionsApi(this.registry, () => this.facts, randomUUID, {
      registered: (extension) => {
        this.startRuntime();
        // It may live in the event loop in which our own bootstrap would wait for events.
        if (!extension.isExternal && spec.installation.family === 'nodejs') this.process?.keepLoop();
      },
      waiting: (extension) => this.waiting(extension),
      failed: (extension, kind) => this.reported(extension, kind),
    });
    this.telemetryApi = new TelemetryApi({
      identified: (request, response) => this.api.identified(request, response),
      subscribed: (subscription) => target.subscribed?.(subscription),
    });
    this.listener = {
      initError: (errorType, payload) => {
        target.initRuntimeDone?.('error', errorType);
        target.initError(errorType, payload);
      },
      response: (requestId, payload, memory) => target.response(requestId, payload, memory),
      responseChunk: (requestId, chunk) => target.responseChunk(requestId, chunk),
      responseType: (requestId, contentType) => target.responseType?.(requestId, contentType),
      error: (requestId, errorType, payload, memory) => target.error(requestId, errorType, payload, memory),
      output: (line) => target.output(line),
      leaving: () => target.leaving(),
      awaitsAssignment: () => target.awaitsAssignment?.(),
      restored: () => target.restored?.(),
      ready: () => {
        this.isRuntimeReady = true;
        target.initRuntimeDone?.('success');
        this.becomeReady();
      },
      exit: (exit) => this.exited(exit),
    };
  }

  static async open(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<EnvironmentExtensions> {
    const opt = optOf(spec);
    const names = await externalExtensions(opt);
    const extensions = new EnvironmentExtensions(spec, listener, names);
    const problem = await launchProblem(opt, names);
    if (names.length > MAX_EXTENSIONS) extensions.problem = tooManyExtensions();
    else if (problem !== undefined)
      extensions.problem = { errorType: 'Extension.LaunchError', message: problem };
    return extensions;
  }

  /** Nothing outside reaches what listens in the sandbox. */
  sandboxUnreachable(): void {
    this.telemetryApi.sandboxUnreachable();
  }

  /** Answers requests of this API; false for those that are not. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): boolean =>
    this.api.handle(request, response) ||
    this.telemetryApi.handle(request, response) ||
    this.credentials(request, response);

  /** For runtimes that do not use the HTTP runtime API: a server for extensions alone. Resolves with its `host:port`. */
  async listen(place?: ApiPlace): Promise<string> {
    this.server = await listenOnLoopback(
      apiServer((request, response) => {
        response.sendDate = false;
        if (!this.handle(request, response)) notFound(request, response);
      }),
      place,
    );
    return serverAddress(this.server);
  }

  /** Nothing is served any more. */
  close(): void {
    this.telemetryApi.close();
    this.server?.close();
    this.server?.closeAllConnections();
  }

  attach(process: SupervisedProcess): void {
    this.process = process;
    if (process.extensionOutput !== undefined)
      readLines(process.extensionOutput, (text) => this.target.output({ text, source: 'extension' }));
    if (process.control !== undefined) readLines(process.control, (line) => this.supervisorSays(line));
    if (this.problem !== undefined) void process.kill();
    else this.startRuntime();
  }

  /** An environment that was started ahead now has a function. */
  belongTo(spec: EnvironmentSpec): void {
    this.facts = functionFacts(spec);
  }

  invoke(event: RuntimeEvent): void {
    if (!this.hearsOfEvents) return;
    for (const extension of this.registry.all) {
      if (!extension.events.includes('INVOKE')) continue;
      this.api.deliver(extension, invokeEvent(event));
    }
  }

  get telemetry(): TelemetryApi['sink'] {
    return this.telemetryApi.sink;
  }

  /** Until every extension that got the last event has asked for the next; undefined when all have. */
  atWork(): Promise<void> | undefined {
    if (!this.isAnyRunning()) return undefined;
    return this.until(() => !this.isAnyRunning());
  }

  /** Leads through the Shutdown phase and ends every process. */
  shutdown(reason: ShutdownReason): Promise<void> {
    this.shuttingDown ??= this.runShutdown(reason);
    return this.shuttingDown;
  }

  private isAnyRunning(): boolean {
    return this.registry.all.some(({ state, hasEnded }) => state === 'Running' && !hasEnded);
  }

  private async runShutdown(reason: ShutdownReason): Promise<void> {
    const { process } = this;
    if (process === undefined || this.hasEnded) return;
    const registered = this.registry.all.filter(({ state }) => state !== 'Started');
    if (this.external.length > 0) await this.shutDownExternal(process, reason);
    else if (registered.length > 0 && reason === 'spindown')
      await this.shutDownInternal(process, Date.now() + INTERNAL_SHUTDOWN_MS);
    await process.kill();
  }

  private async shutDownInternal(process: SupervisedProcess, deadlineMs: number): Promise<void> {
    await this.telemetrySent(INTERNAL_SHUTDOWN_MS * RUNTIME_SHARE);
    await process.terminateRuntime();
    await this.until(() => this.hasEnded, Math.max(0, deadlineMs - Date.now()));
  }

  /** What was gathered goes out while there is somebody to take it, for so many milliseconds at most. */
  private async telemetrySent(timeoutMs: number): Promise<void> {
    let isSent = false;
    void this.telemetryApi.flush().then(() => {
      isSent = true;
      this.changed();
    });
    await this.until(() => isSent, timeoutMs);
  }

  private async shutDownExternal(process: SupervisedProcess, reason: ShutdownReason): Promise<void> {
    const deadlineMs = Date.now() + EXTERNAL_SHUTDOWN_MS;
    if (this.runtimeStatus === undefined && this.isRuntimeStarted) {
      // A runtime that hangs or has failed is not asked.
      process.control?.write(reason === 'spindown' ? 'term\n' : 'kill\n');
      await this.until(() => this.runtimeStatus !== undefined, EXTERNAL_SHUTDOWN_MS * RUNTIME_SHARE);
      if (this.runtimeStatus === undefined) process.control?.write('kill\n');
    }
    await this.telemetrySent(EXTERNAL_SHUTDOWN_MS * RUNTIME_SHARE);
    const listening = this.registry.all.filter(
      ({ isExternal, events, hasEnded }) => isExternal && !hasEnded && events.includes('SHUTDOWN'),
    );
    this.shutdownEvent = { eventType: 'SHUTDOWN', shutdownReason: reason, deadlineMs };
    for (const extension of listening) this.api.deliver(extension, this.shutdownEvent);
    await this.until(
      () => listening.every(({ hasEnded, state }) => hasEnded || state === 'ExitError'),
      Math.max(0, deadlineMs - Date.now()),
    );
  }

  private startRuntime(): void {
    if (this.isRuntimeStarted || this.process?.control === undefined) return;
    if (this.registry.all.some(({ isExternal, state }) => isExternal && state === 'Started')) return;
    this.isRuntimeStarted = true;
    this.process.control.write('start\n');
  }

  private waiting(extension: Extension): void {
    if (this.shutdownEvent !== undefined && extension.events.includes('SHUTDOWN'))
      this.api.deliver(extension, this.shutdownEvent);
    this.becomeReady();
    this.changed();
  }

  private becomeReady(): void {
    if (this.isReady || !this.isRuntimeReady || this.problem !== undefined) return;
    if (!this.registry.all.every(({ state }) => state === 'Ready')) return;
    this.isReady = true;
    this.registry.isClosed = true;
    for (const { name, events } of this.registry.all)
      this.target.extension?.({ name, state: 'Ready', events });
    this.target.ready();
    this.telemetryApi.initOver();
  }

  private reported(extension: Extension, kind: 'init' | 'exit'): void {
    this.changed();
    if (this.shuttingDown !== undefined) return;
    const errorType = kind === 'init' ? 'Extension.InitError' : 'Extension.ExitError';
    this.fail({ errorType, message: extension.errorType! }, extension);
  }

  private supervisorSays(line: string): void {
    const said = parseSupervisorLine(line);
    if (said?.kind === 'runtime') {
      this.runtimeStatus = said.status;
      if (this.shuttingDown === undefined) void this.shutdown('failure');
    } else if (said?.kind === 'extension') {
      const extension = this.registry.all.find(({ name }) => name === said.name);
      if (extension !== undefined) this.extensionEnded(extension, said.status);
    }
    this.changed();
  }

  private extensionEnded(extension: Extension, status: ProcessStatus): void {
    extension.hasEnded = true;
    if (this.shuttingDown !== undefined) return;
    this.fail({ errorType: 'Extension.Crash', message: crashMessage(status) }, extension);
  }

  /** An extension that failed takes its environment with it. */
  private fail(problem: Refusal, { name, events }: Extension): void {
    this.problem ??= problem;
    const { errorType } = problem;
    if (!this.isReady) this.target.extension?.({ name, state: 'LaunchError', events, errorType });
    void this.shutdown('failure');
  }

  private exited(exit: Parameters<EnvironmentListener['exit']>[0]): void {
    this.hasEnded = true;
    this.changed();
    this.target.exit({
      ...exit,
      ...this.runtimeStatus,
      ...(this.problem === undefined ? {} : { problem: this.problem }),
    });
  }

  private changed(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves when `holds`, when all processes are gone, or after `timeoutMs`. */
  private until(holds: () => boolean, timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const look = (): void => {
        if (!holds() && !this.hasEnded) return;
        done();
      };
      const done = (): void => {
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve();
      };
      this.watchers.add(look);
      if (timeoutMs !== undefined) timer = setTimeout(done, timeoutMs);
      look();
    });
  }
}

function functionFacts({ variables, handler, accountId }: EnvironmentSpec): FunctionFacts {
  return {
    functionName: variables['AWS_LAMBDA_FUNCTION_NAME'] ?? '',
    functionVersion: variables['AWS_LAMBDA_FUNCTION_VERSION'] ?? '',
    handler,
    accountId,
  };
}

function invokeEvent(event: RuntimeEvent): object {
  return {
    eventType: 'INVOKE',
    deadlineMs: event.deadlineMs,
    requestId: event.requestId,
    invokedFunctionArn: event.invokedFunctionArn,
    tracing: { type: 'X-Amzn-Trace-Id', value: event.traceId ?? '' },
  };
}

/** The words of AWS's supervisor, seen in the logs of functions whose extension ended. */
function crashMessage({ code, signal }: ProcessStatus): string {
  if (signal !== null) return `signal: ${signal === 'SIGKILL' ? 'killed' : signal}`;
  return code === 0 ? 'exit code 0' : `exit status ${code}`;
}

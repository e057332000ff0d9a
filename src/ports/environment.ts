/**
 * How a function's code is run: the border between the data plane (`lambda/invoke`, which decides
 * when to start, invoke, time out and stop) and the sandboxes (which know processes, mounts, and
 * how to talk to a runtime). One `RunningEnvironment` handles one event at a time unless its spec says more.
 */
export type IsolationLevel = 'process' | 'namespaces' | 'oci';

/** An interpreter or bootstrap that this host can run for a runtime name such as `nodejs24.x`. */
export interface RuntimeInstallation {
  /** AWS's identifier, for example `python3.13`. */
  readonly runtime: string;
  readonly family: 'nodejs' | 'python' | 'ruby' | 'java' | 'provided';
  /** Absolute path of the interpreter on the host; absent for `provided`. */
  readonly interpreter?: string;
  /** What the interpreter says of itself, for example `24.21.0`. */
  readonly version?: string;
  /** Further host directories the interpreter needs (its prefix); readable inside the sandbox. */
  readonly directories: readonly string[];
  /** Where it came from, in words for a person, for example `bundled with selfsame`. */
  readonly origin: string;
  /** Set when a nearest version stands in for the one asked for. */
  readonly substituteFor?: string;
}

export type RuntimeResolution =
  | { readonly available: true; readonly installation: RuntimeInstallation }
  /** `reason` is the sentence a person reads as the function's `StateReason`. */
  | { readonly available: false; readonly reason: string };

export interface RuntimeListing {
  readonly runtime: string;
  readonly resolution: RuntimeResolution;
  /** True when nothing is here yet but it would be fetched at first use. */
  readonly fetchable: boolean;
}

export interface RuntimeCatalog {
  /** Finds or fetches (once, with progress) the runtime. Never rejects for a runtime that cannot be had. */
  resolve(runtime: string): Promise<RuntimeResolution>;
  /** What is here now, without fetching anything. */
  list(): Promise<RuntimeListing[]>;
}

/** A container image to be run instead of a package; the environment speaks the HTTP runtime API. */
export interface EnvironmentImage {
  /** Becomes `/`, read-only and shared; has `/proc`, `/dev`, `/tmp`, `/etc/hosts` and `/etc/resolv.conf` to mount upon. */
  readonly rootDirectory: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** Variables of the image; those of the spec come before them. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Temporary credentials that a function fetches over HTTP instead of having them in its variables. */
export interface FetchedCredentials {
  /** The request's `Authorization`. */
  readonly token: string;
  current(): {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
    /** Real time, epoch milliseconds. */
    readonly expiresMs: number;
  };
}

/** All that must be known to start one environment. Paths are the host's, values AWS's. */
export interface EnvironmentSpec {
  /** Unique, 32 hexadecimal digits. */
  readonly environmentId: string;
  readonly installation: RuntimeInstallation;
  /** Extracted package; read-only, `/var/task` inside. */
  readonly codeDirectory: string;
  /** Where what a runtime compiles of the code may be kept: the beginning of file names of the host, of this function's environments alone. */
  readonly compiledFile?: string;
  /** Instead of the code and the runtime: what the function is, whole. */
  readonly image?: EnvironmentImage;
  /** Extracted and merged layers; read-only, `/opt` inside. */
  readonly layersDirectory?: string;
  readonly handler: string;
  /** Told to extensions that ask for it. */
  readonly accountId?: string;
  readonly credentials?: FetchedCredentials;
  /**
   * Variables of the function and of Lambda. The sandbox adds those that depend on where things are:
   * PATH, LD_LIBRARY_PATH, LAMBDA_TASK_ROOT, LAMBDA_RUNTIME_DIR, AWS_LAMBDA_RUNTIME_API, NODE_PATH,
   * PYTHONPATH, AWS_ENDPOINT_URL (how `endpoint` is reached from inside), and those of `credentials`.
   */
  readonly variables: Readonly<Record<string, string>>;
  /** This server as reached on the host, `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  /** Events at once, over the HTTP runtime API; absent: one. */
  readonly maxConcurrency?: number;
  /** 'json' or 'text' decides how the bootstraps render console and logger output. */
  readonly logFormat: 'text' | 'json';
}

/** What is known beforehand of the environments that a function will need. */
export type ExpectedEnvironment = Pick<
  EnvironmentSpec,
  'memoryMb' | 'ephemeralStorageMb' | 'endpoint' | 'layersDirectory' | 'image' | 'variables'
>;

/** One event for the runtime, with all that the runtime API's headers carry. */
export interface RuntimeEvent {
  readonly requestId: string;
  readonly invokedFunctionArn: string;
  /** Real epoch milliseconds. */
  readonly deadlineMs: number;
  readonly traceId: string | undefined;
  /** Decoded JSON text of the client context. */
  readonly clientContext: string | undefined;
  /** JSON text of the Cognito identity. */
  readonly cognitoIdentity: string | undefined;
  readonly tenantId: string | undefined;
  readonly payload: Uint8Array;
}

/** One line of output, already split; without its line end. */
export interface EnvironmentOutput {
  readonly text: string;
  /** An external extension wrote it; absent for the function. */
  readonly source?: 'extension';
  /** For the JSON log format: set when the bootstrap knows it (console.warn), absent for raw output. */
  readonly level?: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';
}

export interface EnvironmentExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last event never reached the runtime, which had ended before; it may run elsewhere. */
  readonly undelivered?: true;
  /** It took more memory than the function has. */
  readonly outOfMemory?: true;
  /** Why there was nothing that could be run, in AWS's words. */
  readonly problem?: { readonly errorType: string; readonly message: string };
}

/** Why an environment ends, in AWS's words. */
export type ShutdownReason = 'spindown' | 'timeout' | 'failure';

/** What became of an extension in Init. */
export interface ExtensionInit {
  readonly name: string;
  readonly state: 'Ready' | 'LaunchError';
  readonly events: readonly string[];
  readonly errorType?: string;
}

/** One event of the Telemetry API, schema 2022-12-13: `platform.*`, `function` or `extension`. */
export interface TelemetryEvent {
  /** ISO 8601 with milliseconds, service time. */
  readonly time: string;
  readonly type: string;
  readonly record: unknown;
}

/** An extension has subscribed, by the Telemetry API or the older Logs API. */
export interface TelemetrySubscription {
  readonly api: 'telemetry' | 'logs';
  readonly name: string;
  readonly types: readonly string[];
}

/** What an environment tells. Calls are synchronous and ordered as things happened. */
export interface EnvironmentListener {
  /** The runtime has finished its init and asks for an event. Called once. */
  ready(): void;
  /** Init failed; `payload` is the JSON text `{errorMessage, errorType, …}` and the process will exit. */
  initError(errorType: string, payload: Buffer): void;
  /** `maxMemoryBytes` is the highest resident size so far, where the runtime reports it itself. */
  response(requestId: string, payload: Buffer, maxMemoryBytes: number | undefined): void;
  /**
   * A piece of a response that is written bit by bit; `response` (with what is left, or nothing) or `error` ends it.
   * A promise where the runtime is to be kept from writing more until it resolves.
   */
  responseChunk(requestId: string, chunk: Buffer): Promise<void> | undefined;
  /** The content type of such a response, before its first piece; absent where the runtime says none. */
  responseType?(requestId: string, contentType: string): void;
  /** The function failed; `payload` is the JSON text that the caller gets. */
  error(requestId: string, errorType: string, payload: Buffer, maxMemoryBytes: number | undefined): void;
  output(line: EnvironmentOutput): void;
  /** Once for every extension, at the end of Init. */
  extension?(extension: ExtensionInit): void;
  subscribed?(subscription: TelemetrySubscription): void;
  /** The runtime's own part of Init is over; its extensions may still be at theirs. */
  initRuntimeDone?(status: 'success' | 'error', errorType?: string): void;
  /** The outcome that follows is the last: the runtime exits after it and must get no more events. */
  leaving(): void;
  /** A copy of a snapshot has a sandbox of its own; its after-restore hooks run from here on, and then it is `ready`. */
  restored?(): void;
  /** A runtime that was started ahead has come as far as it can without a function. */
  awaitsAssignment?(): void;
  /** All processes are gone. Called once, last. */
  exit(exit: EnvironmentExit): void;
}

export interface RunningEnvironment {
  /** Only after `ready`, and after the outcome of the event before where it handles one at a time. */
  invoke(event: RuntimeEvent): void;
  /** Init is over: from here on it has the function's own share of processor time. */
  initDone?(): void;
  /** Between events: nothing of it runs, no timer ticks, until the next event, its Shutdown phase or its end. */
  freeze?(): void;
  /** Highest resident memory of all its processes so far, in bytes. */
  maxMemoryBytes(): Promise<number>;
  /** Resolves when every extension is done with the last event; undefined when all are. The next event waits for it. */
  extensionsAtWork?(): Promise<void> | undefined;
  /** Takes what subscribers are told; undefined when there are none. */
  readonly telemetry?: ((event: TelemetryEvent) => void) | undefined;
  /** The Shutdown phase: extensions hear of it and get their time, then it is as `kill`. Idempotent. */
  shutdown?(reason: ShutdownReason): Promise<void>;
  /** Ends every process at once; mounts and directories are gone when it resolves. Idempotent. */
  kill(): Promise<void>;
}

/** A function that has run its init and waits: environments are copies of it. */
export interface Snapshot {
  /**
   * An environment that goes on where the snapshot was taken. Its listener hears `restored`, then `ready`, or
   * `initError` where an after-restore hook has failed. Rejects with `PlatformError` when there can be none.
   */
  restore(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment>;
  /** It has been taken, and may be asked for an environment soon. */
  expect?(): void;
  /** Ends it, and every environment that was restored from it. Idempotent. */
  close(): Promise<void>;
}

/** One isolation level. */
export interface Sandbox {
  readonly level: IsolationLevel;
  /**
   * Makes ready what all environments of a runtime share, so that the first of them need not wait for
   * it, and where one is expected may start it ahead. Never rejects: a start that meets the same problem reports it.
   */
  prepare(installation: RuntimeInstallation, expected?: ExpectedEnvironment): Promise<void>;
  /** Environments that were started ahead and wait for a function, where the level does that. */
  readonly pooledEnvironments?: number | undefined;
  /** Rejects with `PlatformError` when the environment could not even be created. */
  start(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment>;
  /** Why no snapshot of such a function can be had here, in a sentence; undefined where it can. Levels without snapshots have none. */
  snapshotProblem?(spec: EnvironmentSpec): Promise<string | undefined>;
  /**
   * Runs a function's init and its before-snapshot hooks. The snapshot is taken when the listener hears `ready`; what
   * went wrong before, it hears as of any environment. Rejects as `start`.
   */
  startSnapshot?(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<Snapshot>;
  /** Kills what is left and removes everything this sandbox made. */
  close(): Promise<void>;
}

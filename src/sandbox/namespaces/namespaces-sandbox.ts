/** Linux namespaces by bubblewrap: own mounts, processes, IPC, host name and user, and a network where the host can make one. */
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { invariant } from '../../core/errors.ts';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
  ExpectedEnvironment,
  RunningEnvironment,
  RuntimeInstallation,
  Sandbox,
} from '../../ports/environment.ts';
import { HostLimits } from '../cgroup/environment-limits.ts';
import { findBootstrap } from '../environment/bootstrap-file.ts';
import { EnvironmentProcess } from '../environment/environment-process.ts';
import { imageLaunch, imageVariables, NO_COMMAND } from '../environment/image-launch.ts';
import type { Layout } from '../environment/launch.ts';
import { launchOf, locationVariables } from '../environment/launch.ts';
import { RefusedEnvironment } from '../environment/refused-environment.ts';
import { warnOfSubstitute } from '../environment/substitute-warning.ts';
import { EnvironmentExtensions } from '../extensions/environment-extensions.ts';
import { supervised } from '../extensions/supervisor.ts';
import { bubblewrapArguments } from '../filesystem/mount.ts';
import type { EnvironmentNetwork } from '../network/environment-networks.ts';
import { EnvironmentPool } from '../pool/environment-pool.ts';
import { linkTree } from '../pool/linked-tree.ts';
import type { PoolShape } from '../pool/pool-shape.ts';
import { shapeOf } from '../pool/pool-shape.ts';
import type { PooledEnvironment } from '../pool/pooled-environment.ts';
import { RelayListener } from '../pool/pooled-environment.ts';
import { RuntimeApi } from '../runtime-api/runtime-api.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import { prepareEtc, SANDBOX_USER, systemMounts } from './host-files.ts';
import { imageArguments } from './image-arguments.ts';
import type { RuntimeMounts } from './runtime-mounts.ts';
import { runtimeMounts } from './runtime-mounts.ts';
import { seccompFilter } from './seccomp-filter.ts';

/** Bubblewrap itself, and the first process of the PID namespace. */
const BWRAP_PROCESSES = 2;

/** Descriptors that the command of an environment gets beside those for the runtime, and the two for extensions. */
const FIRST_INHERITED = 4;

const BYTES_PER_MB = 1024 * 1024;

/** What every environment of this server shares. */
interface Shared {
  readonly directory: string;
  /** Of bubblewrap: what keeps an environment apart. Those that say what is in it follow. */
  readonly apart: readonly string[];
  /** The host's programs and libraries, and `/etc`. */
  readonly system: readonly string[];
  readonly etc: string;
  /** The system-call filter; undefined on an architecture it does not know. */
  readonly filterFile: string | undefined;
}

export class NamespacesSandbox implements Sandbox {
  readonly level = 'namespaces';
  private readonly options: SandboxOptions;
  private readonly bwrap: string;
  private readonly limits: HostLimits;
  private readonly running = new Set<RunningEnvironment>();
  private prepared: Promise<Shared> | undefined;
  private readonly pool: EnvironmentPool;
  /** Packages of too many files to be linked into a sandbox that runs already. */
  private readonly notLinked = new Set<string>();
  /** By runtime: an installation does not change while the server runs. */
  private readonly mounts = new Map<string, Promise<RuntimeMounts>>();

  /** `bwrap` is the path of bubblewrap. */
  constructor(options: SandboxOptions, bwrap: string) {
    this.options = options;
    this.limits = options.limits ?? new HostLimits(undefined);
    this.bwrap = bwrap;
    this.pool = new EnvironmentPool({
      limit: options.pooledEnvironments ?? 0,
      start: (shape, onExit) => this.startPooled(shape, onExit),
      log: options.log,
    });
  }

  get pooledEnvironments(): number {
    return this.pool.size;
  }

  async prepare(installation: RuntimeInstallation, expected?: ExpectedEnvironment): Promise<void> {
    void this.options.networks?.networks();
    await this.mountsOf(installation).catch(() => {});
    const shape = expected === undefined ? undefined : shapeOf({ installation, ...expected });
    if (shape !== undefined) this.pool.expect(shape);
  }

  async start(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    const shape = this.notLinked.has(spec.codeDirectory) ? undefined : shapeOf(spec);
    const pooled = shape === undefined ? undefined : this.pool.take(shape);
    const own = pooled === undefined ? undefined : await this.assign(pooled, spec, listener);
    return own ?? this.startOwn(spec, listener, async () => {});
  }

  /** Makes a waiting environment the function's own; undefined where that cannot be. */
  private async assign(
    pooled: PooledEnvironment,
    spec: EnvironmentSpec,
    listener: EnvironmentListener,
  ): Promise<RunningEnvironment | undefined> {
    const layout = layoutOf(await this.mountsOf(spec.installation));
    const isLinked = await linkTree(spec.codeDirectory, pooled.taskDirectory).catch(() => false);
    if (!isLinked) this.notLinked.add(spec.codeDirectory);
    if (!isLinked || !pooled.relay.passTo(listener)) {
      void pooled.running.kill();
      return undefined;
    }
    warnOfSubstitute(spec, listener, this.options.log);
    const { SELFSAME_CHANNEL_FD: _, ...variables } = locationVariables(
      await this.seenFromInside(spec),
      layout,
      pooled.runtimeApi,
      true,
    );
    pooled.assign(variables, spec);
    return pooled.running;
  }

  private async startPooled(shape: PoolShape, onExit: () => void): Promise<PooledEnvironment> {
    const taskDirectory = await mkdtemp(join(this.options.environmentsDirectory, 'pooled-'));
    // Whoever the function's user is, it may read its code.
    await chmod(taskDirectory, 0o755);
    const { locale, ...rest } = shape;
    const spec: EnvironmentSpec = {
      ...rest,
      environmentId: basename(taskDirectory),
      codeDirectory: taskDirectory,
      handler: '',
      variables: { ...locale, SELFSAME_POOLED: '1' },
      logFormat: 'text',
    };
    const relay = new RelayListener(onExit);
    const removeTask = (): Promise<void> => rm(taskDirectory, { recursive: true, force: true });
    const running = await this.startOwn(spec, relay, removeTask);
    invariant(running instanceof EnvironmentProcess, 'an environment started ahead was refused');
    await relay.waits;
    const assign: PooledEnvironment['assign'] = (variables, owner) => running.assign(variables, owner);
    return { running, relay, taskDirectory, runtimeApi: running.runtimeApi, assign };
  }

  private async startOwn(
    spec: EnvironmentSpec,
    listener: EnvironmentListener,
    cleanUp: () => Promise<void>,
  ): Promise<RunningEnvironment> {
    const [prepared, mounts, bootstrap] = await Promise.all([
      this.shared(),
      this.mountsOf(spec.installation),
      spec.installation.family === 'provided' && spec.image === undefined ? findBootstrap(spec) : undefined,
    ]);
    if (bootstrap !== undefined && 'problem' in bootstrap)
      return new RefusedEnvironment(listener, bootstrap.problem);
    const layout = layoutOf(mounts);
    const { image } = spec;
    if (spec.variables['SELFSAME_POOLED'] === undefined) warnOfSubstitute(spec, listener, this.options.log);
    const launch =
      image === undefined ? launchOf(spec, layout, bootstrap?.place ?? 'task') : imageLaunch(image);
    if (launch === undefined) return new RefusedEnvironment(listener, NO_COMMAND);
    const extensions = await EnvironmentExtensions.open(spec, listener);
    const network = await (await this.options.networks?.networks())?.take();
    const place = network?.runtimeApi;
    const api = launch.framed
      ? undefined
      : await RuntimeApi.listen(extensions.listener, extensions.handle, place);
    const address = api?.address ?? (await extensions.listen(place));
    const { command, args } = supervised(launch, layout.optDirectory, extensions.external);
    const seen = await this.seenFromInside(spec);
    const apiInside = network?.runtimeApiInside ?? address;
    const variables =
      image === undefined
        ? locationVariables(seen, layout, apiInside, launch.framed)
        : imageVariables(seen, image, apiInside);
    const { outside, inside } = apartFromTheHost(variables);
    // Bubblewrap reads it to its end, so each start opens its own.
    const filter = prepared.filterFile === undefined ? undefined : await open(prepared.filterFile);
    const filterDescriptor = FIRST_INHERITED + (extensions.external.length > 0 ? 2 : 0);
    let environment: EnvironmentProcess | undefined;
    environment = await EnvironmentProcess.start(
      {
        ...this.inNetwork(network, [
          ...(filter === undefined ? [] : ['--seccomp', String(filterDescriptor)]),
          ...prepared.apart,
          ...inside.flatMap(([name, value]) => ['--setenv', name, value]),
          ...(image === undefined
            ? [...prepared.system, ...bubblewrapArguments(mounts.mounts), ...environmentArgs(spec)]
            : imageArguments(image, { etc: prepared.etc, temporaryBytes: temporaryBytes(spec) })),
          command,
          ...args,
        ]),
        variables,
        commandVariables: outside,
        inherited: filter === undefined ? [] : [filter.fd],
        workingDirectory: '/',
        transport: api,
        extensions,
        exitOf: insideExit,
        limits: this.limits.of(spec, { isTmpInMemory: true, ownProcesses: BWRAP_PROCESSES }),
        cleanUp: async () => {
          if (environment !== undefined) this.running.delete(environment);
          network?.release();
          await cleanUp();
        },
      },
      extensions.listener,
    ).finally(() => filter?.close());
    this.running.add(environment);
    return environment;
  }

  /** Bubblewrap in a network namespace: `nsenter` becomes it, so that there is one process all along. */
  private inNetwork(
    network: EnvironmentNetwork | undefined,
    args: readonly string[],
  ): { readonly command: string; readonly args: readonly string[] } {
    const { networks } = this.options;
    if (network === undefined || networks === undefined) return { command: this.bwrap, args };
    return { command: networks.nsenter, args: [`--net=${network.namespace}`, '--', this.bwrap, ...args] };
  }

  /** With the server's address as it is inside. */
  private async seenFromInside(spec: EnvironmentSpec): Promise<EnvironmentSpec> {
    const networks = await this.options.networks?.networks();
    if (networks === undefined) return spec;
    return { ...spec, endpoint: await networks.endpointInside(spec.endpoint) };
  }

  async close(): Promise<void> {
    await this.pool.close();
    await Promise.all([...this.running].map((environment) => environment.kill()));
    await Promise.allSettled(this.mounts.values());
    const prepared = await this.prepared?.catch(() => undefined);
    if (prepared !== undefined) await rm(prepared.directory, { recursive: true, force: true });
    await this.options.networks?.close();
    await this.limits.close();
  }

  private mountsOf(installation: RuntimeInstallation): Promise<RuntimeMounts> {
    const key = `${installation.family} ${installation.interpreter ?? ''}`;
    let mounts = this.mounts.get(key);
    if (mounts === undefined) {
      mounts = this.shared().then(({ directory }) =>
        runtimeMounts(installation, directory, this.options.runtimesDirectory),
      );
      this.mounts.set(key, mounts);
      // What failed for want of space, say, is tried again by the next start.
      mounts.catch(() => this.mounts.delete(key));
    }
    return mounts;
  }

  private shared(): Promise<Shared> {
    if (this.prepared === undefined) {
      this.prepared = this.prepareShared();
      this.prepared.catch(() => {
        this.prepared = undefined;
      });
    }
    return this.prepared;
  }

  private async prepareShared(): Promise<Shared> {
    const directory = await mkdtemp(join(this.options.environmentsDirectory, 'shared-'));
    const networks = await this.options.networks?.networks();
    const etc = await prepareEtc(directory, networks?.resolverConfiguration);
    return {
      directory,
      etc,
      filterFile: await writeFilter(join(directory, 'seccomp')),
      apart: [
        '--unshare-user',
        '--unshare-pid',
        '--unshare-ipc',
        '--unshare-uts',
        '--unshare-cgroup-try',
        '--uid',
        String(SANDBOX_USER.uid),
        '--gid',
        String(SANDBOX_USER.gid),
        '--cap-drop',
        'ALL',
        '--die-with-parent',
        '--new-session',
      ],
      system: [
        ...bubblewrapArguments(await systemMounts()),
        '--ro-bind',
        etc,
        '/etc',
        '--proc',
        '/proc',
        // For the kernel the function's user is the server's: if that is root, it may write the kernel's settings.
        '--remount-ro',
        '/proc',
        '--dev',
        '/dev',
        // Its devices are mounts of their own and stay writable; there is no /dev/shm to write to, as on AWS.
        '--remount-ro',
        '/dev',
      ],
    };
  }
}

async function writeFilter(file: string): Promise<string | undefined> {
  const filter = seccompFilter();
  if (filter !== undefined) await writeFile(file, filter);
  return filter === undefined ? undefined : file;
}

/** What the dynamic linker and the C library obey, in programs of the host too. */
const OBEYED_BY_THE_HOST = /^(LD_|GLIBC_TUNABLES$|GCONV_PATH$|LOCPATH$|MALLOC_)/;

/**
 * A function's variables reach bubblewrap on the host first. Those that would have it load something, which may
 * be a file of a package, are set by it inside.
 */
function apartFromTheHost(variables: Readonly<Record<string, string>>): {
  readonly outside: Readonly<Record<string, string>>;
  readonly inside: readonly [name: string, value: string][];
} {
  const all = Object.entries(variables);
  return {
    outside: Object.fromEntries(all.filter(([name]) => !OBEYED_BY_THE_HOST.test(name))),
    inside: all.filter(([name]) => OBEYED_BY_THE_HOST.test(name)),
  };
}

/** AWS's own places. */
function layoutOf({ interpreter, packageDirectories }: RuntimeMounts): Layout {
  return {
    taskRoot: '/var/task',
    runtimeDirectory: '/var/runtime',
    optDirectory: '/opt',
    interpreter,
    packageDirectories,
    temporaryDirectory: undefined,
  };
}

function temporaryBytes({ ephemeralStorageMb }: EnvironmentSpec): number {
  return ephemeralStorageMb * BYTES_PER_MB;
}

/** What differs from one environment to the next. The root itself is made read-only last. */
function environmentArgs(spec: EnvironmentSpec): string[] {
  return [
    '--ro-bind',
    spec.codeDirectory,
    '/var/task',
    ...(spec.layersDirectory === undefined ? ['--dir', '/opt'] : ['--ro-bind', spec.layersDirectory, '/opt']),
    '--size',
    String(temporaryBytes(spec)),
    '--tmpfs',
    '/tmp',
    '--remount-ro',
    '/',
    '--chdir',
    '/var/task',
    '--',
  ];
}

/** Signals that end processes; bubblewrap reports one as 128 and its number. */
const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

function insideExit({ code, signal }: EnvironmentExit): EnvironmentExit {
  const inside = code === null || code <= 128 ? undefined : SIGNALS[code - 128];
  return inside === undefined ? { code, signal } : { code: null, signal: inside };
}

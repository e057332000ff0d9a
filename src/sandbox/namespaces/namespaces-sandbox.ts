/** Linux namespaces by bubblewrap: own mounts, processes, IPC, host name and user; the network is the host's. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  RuntimeInstallation,
  Sandbox,
} from '../../ports/environment.ts';
import { findBootstrap } from '../environment/bootstrap-file.ts';
import { EnvironmentProcess } from '../environment/environment-process.ts';
import { launchOf, locationVariables } from '../environment/launch.ts';
import { RefusedEnvironment } from '../environment/refused-environment.ts';
import { warnOfSubstitute } from '../environment/substitute-warning.ts';
import { RuntimeApi } from '../runtime-api/runtime-api.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import { prepareEtc, SANDBOX_USER, systemMounts } from './host-files.ts';
import type { RuntimeMounts } from './runtime-mounts.ts';
import { runtimeMounts } from './runtime-mounts.ts';

const BYTES_PER_MB = 1024 * 1024;

/** What every environment of this server shares. */
interface Shared {
  readonly directory: string;
  /** Of bubblewrap, before those of a runtime and of an environment. */
  readonly args: readonly string[];
}

export class NamespacesSandbox implements Sandbox {
  readonly level = 'namespaces';
  private readonly options: SandboxOptions;
  private readonly bwrap: string;
  private readonly running = new Set<RunningEnvironment>();
  private prepared: Promise<Shared> | undefined;
  /** By runtime: an installation does not change while the server runs. */
  private readonly mounts = new Map<string, Promise<RuntimeMounts>>();

  /** `bwrap` is the path of bubblewrap. */
  constructor(options: SandboxOptions, bwrap: string) {
    this.options = options;
    this.bwrap = bwrap;
  }

  async prepare(installation: RuntimeInstallation): Promise<void> {
    await this.mountsOf(installation).catch(() => {});
  }

  async start(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    const [prepared, mounts, bootstrap] = await Promise.all([
      this.shared(),
      this.mountsOf(spec.installation),
      spec.installation.family === 'provided' ? findBootstrap(spec) : undefined,
    ]);
    if (bootstrap !== undefined && 'problem' in bootstrap)
      return new RefusedEnvironment(listener, bootstrap.problem);
    const layout = {
      taskRoot: '/var/task',
      runtimeDirectory: '/var/runtime',
      optDirectory: '/opt',
      interpreter: mounts.interpreter,
      packageDirectories: mounts.packageDirectories,
      temporaryDirectory: undefined,
    };
    warnOfSubstitute(spec, listener, this.options.log);
    const launch = launchOf(spec, layout, bootstrap?.place ?? 'task');
    const api = launch.framed ? undefined : await RuntimeApi.listen(listener);
    let environment: EnvironmentProcess | undefined;
    environment = await EnvironmentProcess.start(
      {
        command: this.bwrap,
        args: [...prepared.args, ...mounts.args, ...environmentArgs(spec), launch.command, ...launch.args],
        variables: locationVariables(spec, layout, api?.address),
        workingDirectory: '/',
        transport: api,
        exitOf: insideExit,
        cleanUp: async () => {
          if (environment !== undefined) this.running.delete(environment);
        },
      },
      listener,
    );
    this.running.add(environment);
    return environment;
  }

  async close(): Promise<void> {
    await Promise.all([...this.running].map((environment) => environment.kill()));
    await Promise.allSettled(this.mounts.values());
    const prepared = await this.prepared?.catch(() => undefined);
    if (prepared !== undefined) await rm(prepared.directory, { recursive: true, force: true });
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
    const etc = await prepareEtc(directory);
    return {
      directory,
      args: [
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
        ...(await systemMounts()),
        '--ro-bind',
        etc,
        '/etc',
        '--proc',
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

/** What differs from one environment to the next. The root itself is made read-only last. */
function environmentArgs(spec: EnvironmentSpec): string[] {
  return [
    '--ro-bind',
    spec.codeDirectory,
    '/var/task',
    ...(spec.layersDirectory === undefined ? ['--dir', '/opt'] : ['--ro-bind', spec.layersDirectory, '/opt']),
    '--size',
    String(spec.ephemeralStorageMb * BYTES_PER_MB),
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

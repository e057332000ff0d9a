/** A container per environment, by a program with runc's command line. */
import { readFileSync } from 'node:fs';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  RuntimeInstallation,
  Sandbox,
} from '../../ports/environment.ts';
import { HostLimits } from '../cgroup/environment-limits.ts';
import { findBootstrap } from '../environment/bootstrap-file.ts';
import { EnvironmentProcess } from '../environment/environment-process.ts';
import { imagesRefused } from '../environment/image-launch.ts';
import type { Layout } from '../environment/launch.ts';
import { launchOf, locationVariables } from '../environment/launch.ts';
import { RefusedEnvironment } from '../environment/refused-environment.ts';
import { warnOfSubstitute } from '../environment/substitute-warning.ts';
import { EnvironmentExtensions } from '../extensions/environment-extensions.ts';
import { supervised } from '../extensions/supervisor.ts';
import type { Mount } from '../filesystem/mount.ts';
import { bind } from '../filesystem/mount.ts';
import { prepareEtc, systemMounts } from '../namespaces/host-files.ts';
import type { RuntimeMounts } from '../namespaces/runtime-mounts.ts';
import { runtimeMounts } from '../namespaces/runtime-mounts.ts';
import { RuntimeApi } from '../runtime-api/runtime-api.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import { containerConfiguration } from './bundle.ts';
import type { Container, PipeCount, Wrapping } from './command-line.ts';
import { insideCommand, outsideCommand } from './command-line.ts';
import { openContainerState } from './container-state.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { deleteContainer } from './oci-runtime.ts';
import { makeRootDirectory } from './root-directory.ts';

const BYTES_PER_MB = 1024 * 1024;

/** Processes and threads inside. Source: "Lambda quotas". */
const MAX_PROCESSES = 1_024;

/** Threads of the OCI runtime that stays beside its container: 5 to 9 were seen of runc, 40 of gVisor's three processes. */
const OWN_PROCESSES = 64;

/** Beyond the function's own memory and /tmp, for page tables and socket buffers. */
const KERNEL_MEMORY_BYTES = 16 * BYTES_PER_MB;

/** What every container of this server shares. */
interface Shared {
  readonly directory: string;
  readonly stateDirectory: string;
  readonly rootDirectory: string;
  readonly mounts: readonly Mount[];
}

export class OciSandbox implements Sandbox {
  readonly level = 'oci';
  private readonly options: SandboxOptions;
  private readonly runtime: OciRuntime;
  private readonly limits: HostLimits;
  private readonly running = new Set<RunningEnvironment>();
  private prepared: Promise<Shared> | undefined;
  /** By runtime: an installation does not change while the server runs. */
  private readonly mounts = new Map<string, Promise<RuntimeMounts>>();

  constructor(options: SandboxOptions, runtime: OciRuntime) {
    this.options = options;
    this.runtime = runtime;
    this.limits = options.limits ?? new HostLimits(undefined);
    // The first function need not wait for them.
    void options.networks?.networks();
  }

  async prepare(installation: RuntimeInstallation): Promise<void> {
    await this.mountsOf(installation).catch(() => {});
  }

  async start(given: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    // The first process of a container is a shell, which an image need not have.
    if (given.image !== undefined) throw imagesRefused(this.level);
    const networks = await this.options.networks?.networks();
    const spec =
      networks === undefined ? given : { ...given, endpoint: await networks.endpointInside(given.endpoint) };
    const [shared, mounts, bootstrap] = await Promise.all([
      this.shared(),
      this.mountsOf(spec.installation),
      spec.installation.family === 'provided' ? findBootstrap(spec) : undefined,
    ]);
    if (bootstrap !== undefined && 'problem' in bootstrap)
      return new RefusedEnvironment(listener, bootstrap.problem);
    const layout = layoutOf(mounts);
    warnOfSubstitute(spec, listener, this.options.log);
    const launch = launchOf(spec, layout, bootstrap?.place ?? 'task');
    const extensions = await EnvironmentExtensions.open(spec, listener);
    const network = await networks?.take();
    const place = network?.runtimeApi;
    const api = launch.framed
      ? undefined
      : await RuntimeApi.listen(extensions.listener, extensions.handle, place);
    const address = api?.address ?? (await extensions.listen(place));
    const variables = locationVariables(spec, layout, network?.runtimeApiInside ?? address, launch.framed);
    const pipes: PipeCount = extensions.external.length > 0 ? 3 : 1;
    const inner = insideCommand(
      this.runtime,
      pipes,
      launch.framed,
      supervised(launch, layout.optDirectory, extensions.external),
    );
    const container = await this.makeContainer(spec, shared, {
      inner,
      variables,
      network: network?.namespace,
      mounts: [...shared.mounts, ...mounts.mounts, ...environmentMounts(spec)],
    });
    let environment: EnvironmentProcess | undefined;
    environment = await EnvironmentProcess.start(
      {
        ...outsideCommand(this.runtime, pipes, launch.framed, container),
        variables,
        // Nothing that a function's owner sets may reach a program outside of the container.
        commandVariables: { PATH: process.env['PATH'] ?? '' },
        workingDirectory: '/',
        transport: api,
        extensions,
        exitOf: insideExit,
        limits: this.limits.of(spec, { isTmpInMemory: true, ownProcesses: OWN_PROCESSES }),
        firstInside: () => firstProcessOf(container),
        cleanUp: async () => {
          if (environment !== undefined) this.running.delete(environment);
          await this.removeContainer(container);
          network?.release();
        },
      },
      extensions.listener,
    );
    this.running.add(environment);
    return environment;
  }

  async close(): Promise<void> {
    await Promise.all([...this.running].map((environment) => environment.kill()));
    await Promise.allSettled(this.mounts.values());
    const prepared = await this.prepared?.catch(() => undefined);
    if (prepared !== undefined) await rm(prepared.directory, { recursive: true, force: true });
    await this.options.networks?.close();
    await this.limits.close();
  }

  private async makeContainer(
    spec: EnvironmentSpec,
    { stateDirectory, rootDirectory }: Shared,
    run: {
      readonly inner: Wrapping;
      readonly variables: Readonly<Record<string, string>>;
      readonly network: string | undefined;
      readonly mounts: readonly Mount[];
    },
  ): Promise<Container> {
    const bundle = join(this.options.environmentsDirectory, spec.environmentId);
    await mkdir(bundle, { mode: 0o700 });
    const tmpBytes = spec.ephemeralStorageMb * BYTES_PER_MB;
    const configuration = containerConfiguration({
      ...run.inner,
      variables: run.variables,
      workingDirectory: '/var/task',
      rootDirectory,
      mounts: run.mounts,
      tmpBytes,
      memoryBytes: spec.memoryMb * BYTES_PER_MB + tmpBytes + KERNEL_MEMORY_BYTES,
      processes: MAX_PROCESSES,
      network: run.network,
    });
    await writeFile(join(bundle, 'config.json'), JSON.stringify(configuration));
    return {
      id: spec.environmentId,
      bundle,
      pidFile: join(bundle, 'pid'),
      stateDirectory,
    };
  }

  /** An OCI runtime that could end by itself has removed its own state already. */
  private async removeContainer({ id, bundle, stateDirectory }: Container): Promise<void> {
    const isLeft = this.runtime.channel !== 'preserved' || (await exists(join(stateDirectory, id)));
    if (isLeft) {
      await deleteContainer(this.runtime, stateDirectory, id).catch((error: Error) =>
        this.options.log.error({ id, error: error.message }, 'A container was not removed.'),
      );
    }
    await rm(bundle, { recursive: true, force: true });
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
    const { environmentsDirectory } = this.options;
    const directory = await mkdtemp(join(environmentsDirectory, 'shared-'));
    const networks = await this.options.networks?.networks();
    const [etc, system] = await Promise.all([
      prepareEtc(directory, networks?.resolverConfiguration),
      systemMounts(),
    ]);
    const rootDirectory = join(directory, 'root');
    await makeRootDirectory(rootDirectory, system);
    return {
      directory,
      stateDirectory: await openContainerState(environmentsDirectory, this.runtime),
      rootDirectory,
      mounts: [...system, bind(etc, '/etc')],
    };
  }
}

function environmentMounts({ codeDirectory, layersDirectory }: EnvironmentSpec): Mount[] {
  const layers = layersDirectory === undefined ? [] : [bind(layersDirectory, '/opt')];
  return [bind(codeDirectory, '/var/task'), ...layers];
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

/** With it all others of its namespace end. The number is the host's. Undefined before it has begun. */
function firstProcessOf({ pidFile }: Container): number | undefined {
  try {
    return Number(readFileSync(pidFile, 'latin1')) || undefined;
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Signals that end processes; OCI runtimes report one as 128 and its number. */
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

/** A container per environment, by a program with runc's command line. */
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  ExpectedEnvironment,
  RunningEnvironment,
  RuntimeInstallation,
  Sandbox,
} from '../../ports/environment.ts';
import { HostLimits, KERNEL_MEMORY_BYTES, MAX_PROCESSES } from '../cgroup/environment-limits.ts';
import { findBootstrap } from '../environment/bootstrap-file.ts';
import { openEnvironmentApi } from '../environment/environment-api.ts';
import { EnvironmentProcess } from '../environment/environment-process.ts';
import { imageLaunch, imageVariables, launchFromShell, NO_COMMAND } from '../environment/image-launch.ts';
import { insideExit } from '../environment/inside-exit.ts';
import { launchOf, locationVariables } from '../environment/launch.ts';
import { layoutInside } from '../environment/layout.ts';
import { RefusedEnvironment } from '../environment/refused-environment.ts';
import { warnOfSubstitute } from '../environment/substitute-warning.ts';
import { keepWhileRunning, withResources } from '../environment/taken-resources.ts';
import { supervised } from '../extensions/supervisor.ts';
import { prepareEtc, systemMounts } from '../filesystem/host-files.ts';
import { prepareShell } from '../filesystem/host-shell.ts';
import { bind } from '../filesystem/mount.ts';
import { SharedFiles } from '../filesystem/shared-files.ts';
import { PooledStarts } from '../pool/pooled-starts.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import { openTo } from '../users/environment-users.ts';
import { containerConfiguration } from './bundle.ts';
import type { Container, PipeCount, Wrapping } from './command-line.ts';
import { insideCommand, outsideCommand } from './command-line.ts';
import type { ContainerContent, Shared } from './container-content.ts';
import { hostPathsOf, imageContainer, packageContainer } from './container-content.ts';
import { firstProcessOf, openContainerState } from './container-state.ts';
import { containerUsers, withinReach } from './container-users.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { deleteContainer, extensionsRefused } from './oci-runtime.ts';
import { makeRootDirectory } from './root-directory.ts';

const BYTES_PER_MB = 1024 * 1024;

/** Below the scratch directory of environments: one directory for all containers, so that it is brought within reach once. */
const BUNDLES_DIRECTORY = 'bundles';

/** Threads of the OCI runtime that stays beside its container: 5 to 9 were seen of runc, 40 of gVisor's three processes. */
const OWN_PROCESSES = 64;

export class OciSandbox implements Sandbox {
  readonly level = 'oci';
  private readonly options: SandboxOptions;
  private readonly runtime: OciRuntime;
  private readonly limits: HostLimits;
  private readonly running = new Set<RunningEnvironment>();
  private readonly shared: SharedFiles<Shared>;
  private readonly pool: PooledStarts;

  constructor(options: SandboxOptions, runtime: OciRuntime) {
    this.options = options;
    this.runtime = runtime;
    this.limits = options.limits ?? new HostLimits(undefined);
    this.shared = new SharedFiles(options, (directory) => this.fillShared(directory));
    this.pool = new PooledStarts(options, runtime.showsLaterFiles ? (options.pooledEnvironments ?? 0) : 0, {
      layoutOf: async (installation) => layoutInside(await this.shared.mountsOf(installation)),
      seenFromInside: (spec) => this.seenFromInside(spec),
      startAhead: (spec, listener, removeTask) =>
        withResources((resources) => {
          resources.defer(removeTask);
          return this.startWith(resources, spec, listener, true);
        }),
    });
    // The first function need not wait for them.
    void options.networks?.networks();
  }

  get pooledEnvironments(): number | undefined {
    return this.runtime.showsLaterFiles ? this.pool.size : undefined;
  }

  async prepare(installation: RuntimeInstallation, expected?: ExpectedEnvironment): Promise<void> {
    await this.shared.mountsOf(installation).catch(() => {});
    this.pool.expect(installation, expected);
  }

  async start(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    const pooled = await this.pool.take(spec, listener);
    return pooled ?? withResources((resources) => this.startWith(resources, spec, listener, false));
  }

  /** With the server's address as it is inside. */
  private async seenFromInside(spec: EnvironmentSpec): Promise<EnvironmentSpec> {
    const networks = await this.options.networks?.networks();
    if (networks === undefined) return spec;
    return { ...spec, endpoint: await networks.endpointInside(spec.endpoint) };
  }

  private async startWith(
    resources: AsyncDisposableStack,
    given: EnvironmentSpec,
    listener: EnvironmentListener,
    isAhead: boolean,
  ): Promise<RunningEnvironment> {
    const networks = await this.options.networks?.networks();
    const spec = await this.seenFromInside(given);
    const [shared, mounts, bootstrap] = await Promise.all([
      this.shared.content(),
      this.shared.mountsOf(spec.installation),
      spec.installation.family === 'provided' && spec.image === undefined ? findBootstrap(spec) : undefined,
    ]);
    if (bootstrap !== undefined && 'problem' in bootstrap)
      return new RefusedEnvironment(listener, bootstrap.problem);
    const layout = layoutInside(mounts);
    if (!isAhead) warnOfSubstitute(spec, listener, this.options.log);
    const { image } = spec;
    const wanted =
      image === undefined ? launchOf(spec, layout, bootstrap?.place ?? 'task') : imageLaunch(image);
    if (wanted === undefined) return new RefusedEnvironment(listener, NO_COMMAND);
    const network = await networks?.take();
    resources.defer(async () => network?.release());
    const api = await openEnvironmentApi(spec, listener, wanted.framed, network?.runtimeApi);
    resources.defer(async () => api.close());
    const { extensions } = api;
    if (extensions.external.length > 0 && !this.runtime.passesMorePipes)
      throw extensionsRefused(this.runtime);
    const apiInside = network?.runtimeApiInside ?? api.address;
    const shell = image === undefined ? undefined : shared.hostShell.command;
    const { launch, variables } =
      image === undefined || shell === undefined
        ? { launch: wanted, variables: locationVariables(spec, layout, apiInside, wanted.framed) }
        : launchFromShell(wanted, imageVariables(spec, image, apiInside), shell);
    const pipes: PipeCount = extensions.external.length > 0 ? 3 : 1;
    const inner = insideCommand(
      this.runtime,
      pipes,
      launch.framed,
      {
        ...supervised(launch, layout.optDirectory, extensions.external, shell),
        hasHome: Object.hasOwn(variables, 'HOME'),
      },
      shell,
    );
    const users = await this.options.users?.users();
    const user = users?.take();
    resources.defer(async () => user?.release());
    const container = containerOf(spec, shared);
    resources.defer(() => this.removeContainer(container));
    if (isAhead && user !== undefined) await openTo(user, spec.codeDirectory);
    const content =
      image === undefined ? packageContainer(spec, shared, mounts.mounts) : imageContainer(image, shared);
    const ids = await containerUsers(
      users,
      user,
      [dirname(this.runtime.path), ...hostPathsOf(content)],
      [shared.stateDirectory, shared.bundlesDirectory],
    );
    await this.makeBundle(container, spec, {
      inner,
      variables: isAhead ? { ...variables, SELFSAME_POOLED: '1' } : variables,
      network: network?.namespace,
      users: ids,
      ...content,
    });
    const command = outsideCommand(this.runtime, pipes, launch.framed, container);
    const environment = await EnvironmentProcess.start(
      {
        ...(users === undefined || ids === undefined ? command : withinReach(users, command)),
        variables,
        // Nothing that a function's owner sets may reach a program outside of the container.
        commandVariables: { PATH: process.env['PATH'] ?? '' },
        workingDirectory: '/',
        transport: api.transport,
        extensions,
        exitOf: insideExit,
        limits: this.limits.of(spec, { isTmpInMemory: true, ownProcesses: OWN_PROCESSES, isAhead }),
        firstInside: () => firstProcessOf(container),
        cleanUp: () => resources.disposeAsync(),
      },
      extensions.listener,
    );
    keepWhileRunning(this.running, environment, resources);
    return environment;
  }

  async close(): Promise<void> {
    await this.pool.close();
    await Promise.all([...this.running].map((environment) => environment.kill()));
    await this.shared.close();
    await this.options.networks?.close();
    await this.options.users?.close();
    await this.limits.close();
  }

  private async makeBundle(
    { bundle }: Container,
    spec: EnvironmentSpec,
    { inner, ...run }: ContainerContent & { readonly inner: Wrapping },
  ): Promise<void> {
    await mkdir(bundle, { mode: 0o700 });
    const tmpBytes = spec.ephemeralStorageMb * BYTES_PER_MB;
    const configuration = containerConfiguration({
      ...inner,
      ...run,
      tmpBytes,
      memoryBytes: spec.memoryMb * BYTES_PER_MB + tmpBytes + KERNEL_MEMORY_BYTES,
      processes: MAX_PROCESSES,
      saysErrors: this.runtime.saysErrors,
    });
    await writeFile(join(bundle, 'config.json'), JSON.stringify(configuration));
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

  private async fillShared(directory: string): Promise<Shared> {
    const { environmentsDirectory } = this.options;
    const networks = await this.options.networks?.networks();
    const [etc, system, hostShell] = await Promise.all([
      prepareEtc(directory, networks?.resolverConfiguration),
      systemMounts(),
      prepareShell(directory),
    ]);
    const rootDirectory = join(directory, 'root');
    await makeRootDirectory(rootDirectory, system);
    const bundlesDirectory = join(environmentsDirectory, BUNDLES_DIRECTORY);
    await mkdir(bundlesDirectory, { recursive: true, mode: 0o700 });
    return {
      bundlesDirectory,
      stateDirectory: await openContainerState(environmentsDirectory, this.runtime),
      rootDirectory,
      mounts: [...system, bind(etc, '/etc')],
      etc,
      hostShell,
    };
  }
}

function containerOf(
  { environmentId }: EnvironmentSpec,
  { stateDirectory, bundlesDirectory }: Shared,
): Container {
  const bundle = join(bundlesDirectory, environmentId);
  return { id: environmentId, bundle, pidFile: join(bundle, 'pid'), stateDirectory };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

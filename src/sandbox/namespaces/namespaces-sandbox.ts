/** Linux namespaces by bubblewrap: own mounts, processes, IPC, host name and user, and a network where the host can make one. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  ExpectedEnvironment,
  RunningEnvironment,
  RuntimeInstallation,
  Sandbox,
  Snapshot,
} from '../../ports/environment.ts';
import { HostLimits } from '../cgroup/environment-limits.ts';
import { findBootstrap } from '../environment/bootstrap-file.ts';
import {
  COMPILED_BYTES,
  COMPILED_DIRECTORY,
  COMPILED_VARIABLE,
  CompiledCode,
} from '../environment/compiled-code.ts';
import { openEnvironmentApi } from '../environment/environment-api.ts';
import { EnvironmentProcess, firstInherited } from '../environment/environment-process.ts';
import { imageLaunch, imageVariables, launchFromShell, NO_COMMAND } from '../environment/image-launch.ts';
import { insideExit } from '../environment/inside-exit.ts';
import { launchOf, locationVariables } from '../environment/launch.ts';
import { layoutInside } from '../environment/layout.ts';
import { RefusedEnvironment } from '../environment/refused-environment.ts';
import { warnOfSubstitute } from '../environment/substitute-warning.ts';
import { keepWhileRunning, withResources } from '../environment/taken-resources.ts';
import { supervised } from '../extensions/supervisor.ts';
import { prepareEtc, SANDBOX_USER, systemMounts } from '../filesystem/host-files.ts';
import type { HostShell } from '../filesystem/host-shell.ts';
import { prepareShell } from '../filesystem/host-shell.ts';
import { bubblewrapArguments } from '../filesystem/mount.ts';
import { SharedFiles } from '../filesystem/shared-files.ts';
import { PooledStarts } from '../pool/pooled-starts.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import type { Copy } from '../snapshot/forked-snapshot.ts';
import { ForkedSnapshot } from '../snapshot/forked-snapshot.ts';
import { ReadyCopies } from '../snapshot/ready-copies.ts';
import { listeningAt, SnapshotPlace } from '../snapshot/snapshot-place.ts';
import { snapshotProblem } from '../snapshot/snapshot-problem.ts';
import { openTo } from '../users/environment-users.ts';
import { enter } from './entrance.ts';
import { imageArguments } from './image-arguments.ts';
import { KERNEL_MOUNTS } from './kernel-mounts.ts';
import { seccompFilter } from './seccomp-filter.ts';

/** Bubblewrap itself, and the first process of the PID namespace. */
const BWRAP_PROCESSES = 2;

const BYTES_PER_MB = 1024 * 1024;

/** What every environment of this server shares. */
interface Shared {
  /** Of bubblewrap: what keeps an environment apart. Those that say what is in it follow. */
  readonly apart: readonly string[];
  /** The host's programs and libraries, and `/etc`. */
  readonly system: readonly string[];
  readonly etc: string;
  readonly hostShell: HostShell;
  /** The system-call filter; undefined on an architecture it does not know. */
  readonly filterFile: string | undefined;
}

export class NamespacesSandbox implements Sandbox {
  readonly level = 'namespaces';
  private readonly options: SandboxOptions;
  private readonly bwrap: string;
  private readonly limits: HostLimits;
  private readonly running = new Set<RunningEnvironment>();
  private readonly shared: SharedFiles<Shared>;
  private readonly readyCopies: ReadyCopies<Copy>;
  private readonly pool: PooledStarts;
  private readonly compiledCode: CompiledCode;

  /** `bwrap` is the path of bubblewrap. */
  constructor(options: SandboxOptions, bwrap: string) {
    this.options = options;
    this.limits = options.limits ?? new HostLimits(undefined);
    this.bwrap = bwrap;
    this.readyCopies = new ReadyCopies(options.pooledEnvironments ?? 0);
    this.shared = new SharedFiles(options, (directory) => this.fillShared(directory));
    this.compiledCode = new CompiledCode(this.level, options.log);
    this.pool = new PooledStarts(options, options.pooledEnvironments ?? 0, {
      layoutOf: async (installation) => layoutInside(await this.shared.mountsOf(installation)),
      seenFromInside: (spec) => this.seenFromInside(spec),
      compiledCode: this.compiledCode,
      startAhead: (spec, listener, removeTask) => this.startOwn(spec, listener, removeTask),
    });
  }

  get pooledEnvironments(): number {
    return this.pool.size + this.readyCopies.size;
  }

  async prepare(installation: RuntimeInstallation, expected?: ExpectedEnvironment): Promise<void> {
    void this.options.networks?.networks();
    void this.options.users?.users();
    await this.shared.mountsOf(installation).catch(() => {});
    this.pool.expect(installation, expected);
  }

  async start(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    return (await this.pool.take(spec, listener)) ?? this.startOwn(spec, listener);
  }

  snapshotProblem(spec: EnvironmentSpec): Promise<string | undefined> {
    return snapshotProblem(spec, this.limits);
  }

  async startSnapshot(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<Snapshot> {
    const { environmentsDirectory, networks } = this.options;
    const hasNetwork = (await networks?.networks()) !== undefined;
    const layout = layoutInside(await this.shared.mountsOf(spec.installation));
    const place = await SnapshotPlace.make(environmentsDirectory, spec.installation, hasNetwork);
    const source = await withResources((resources) => {
      resources.defer(() => place.remove());
      return this.startWith(resources, spec, listener, false, place);
    });
    return new ForkedSnapshot(source, spec, place, {
      networks,
      limits: this.limits,
      running: this.running,
      ready: this.readyCopies,
      variablesOf: async (owner, runtimeApi) =>
        locationVariables(await this.seenFromInside(owner), layout, runtimeApi, true),
    });
  }

  /** `removeTask` is given for an environment started ahead, whose `/var/task` is its own; it is called in any case. */
  private async startOwn(
    spec: EnvironmentSpec,
    listener: EnvironmentListener,
    removeTask?: () => Promise<void>,
  ): Promise<RunningEnvironment> {
    return withResources((resources) => {
      if (removeTask !== undefined) resources.defer(removeTask);
      return this.startWith(resources, spec, listener, removeTask !== undefined);
    });
  }

  private async startWith(
    resources: AsyncDisposableStack,
    spec: EnvironmentSpec,
    listener: EnvironmentListener,
    isAhead: boolean,
    place?: SnapshotPlace,
  ): Promise<RunningEnvironment> {
    const [shared, mounts, bootstrap] = await Promise.all([
      this.shared.content(),
      this.shared.mountsOf(spec.installation),
      spec.installation.family === 'provided' && spec.image === undefined ? findBootstrap(spec) : undefined,
    ]);
    if (bootstrap !== undefined && 'problem' in bootstrap)
      return new RefusedEnvironment(listener, bootstrap.problem);
    const layout = layoutInside(mounts);
    const { image } = spec;
    if (!isAhead) warnOfSubstitute(spec, listener, this.options.log);
    const wanted =
      image === undefined ? launchOf(spec, layout, bootstrap?.place ?? 'task') : imageLaunch(image);
    if (wanted === undefined) return new RefusedEnvironment(listener, NO_COMMAND);
    const compiled = place === undefined && wanted.framed ? await this.compiledCode.offer(spec) : undefined;
    resources.defer(async () => compiled?.end());
    const network = await (await this.options.networks?.networks())?.take();
    resources.defer(async () => network?.release());
    const users = await this.options.users?.users();
    const user = users?.take();
    resources.defer(async () => user?.release());
    if (isAhead && user !== undefined) await openTo(user, spec.codeDirectory);
    const api = await openEnvironmentApi(spec, listener, wanted.framed, network?.runtimeApi);
    resources.defer(async () => api.close());
    const { extensions } = api;
    const seen = await this.seenFromInside(spec);
    const apiInside = network?.runtimeApiInside ?? api.address;
    const given =
      image === undefined
        ? locationVariables(seen, layout, apiInside, wanted.framed)
        : imageVariables(seen, image, apiInside);
    const shell =
      image === undefined || extensions.external.length === 0 ? undefined : shared.hostShell.command;
    const { launch, variables } =
      shell === undefined ? { launch: wanted, variables: given } : launchFromShell(wanted, given, shell);
    const { command, args } = supervised(launch, layout.optDirectory, extensions.external, shell);
    if (isAhead) variables['SELFSAME_POOLED'] = '1';
    if (compiled !== undefined) variables[COMPILED_VARIABLE] = COMPILED_DIRECTORY;
    Object.assign(variables, place?.variables);
    const filterFile = place?.filterFile ?? shared.filterFile;
    // Bubblewrap reads it to its end, so each start opens its own.
    await using filter = filterFile === undefined ? undefined : await open(filterFile);
    const inherited = filter === undefined ? [] : [filter.fd];
    const descriptor = firstInherited(extensions);
    const environment = await EnvironmentProcess.start(
      {
        ...listeningAt(
          place,
          await enter({ networks: this.options.networks, network, users, user }, this.bwrap, [
            ...(filter === undefined ? [] : ['--seccomp', String(descriptor)]),
            '--args',
            String(descriptor + inherited.length),
            ...shared.apart,
            ...(place?.capabilities ?? []),
            ...(image === undefined
              ? [
                  ...shared.system,
                  ...bubblewrapArguments(mounts.mounts),
                  ...environmentArgs(spec, isAhead || compiled !== undefined),
                ]
              : imageArguments(image, {
                  etc: shared.etc,
                  shellDirectory: shared.hostShell.directory,
                  temporaryBytes: temporaryBytes(spec),
                })),
            command,
            ...args,
          ]),
        ),
        variables,
        // Programs of the host that come before must obey nothing that a function's owner has set.
        commandVariables: {},
        inherited,
        input: setInside(variables),
        workingDirectory: '/',
        transport: api.transport,
        extensions,
        compiled,
        exitOf: insideExit,
        limits: this.limits.of(spec, { isTmpInMemory: true, ownProcesses: BWRAP_PROCESSES, isAhead }),
        cleanUp: () => resources.disposeAsync(),
      },
      extensions.listener,
    );
    keepWhileRunning(this.running, environment, resources);
    return environment;
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
    await this.shared.close();
    await this.options.networks?.close();
    await this.options.users?.close();
    await this.limits.close();
  }

  private async fillShared(directory: string): Promise<Shared> {
    const networks = await this.options.networks?.networks();
    const etc = await prepareEtc(directory, networks?.resolverConfiguration);
    return {
      etc,
      hostShell: await prepareShell(directory),
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
      system: [...bubblewrapArguments(await systemMounts()), '--ro-bind', etc, '/etc', ...KERNEL_MOUNTS],
    };
  }
}

async function writeFilter(file: string): Promise<string | undefined> {
  const filter = seccompFilter();
  if (filter !== undefined) await writeFile(file, filter);
  return filter === undefined ? undefined : file;
}

/** Bubblewrap's arguments that set variables. They come over a descriptor: anyone on the host may read a command line. */
function setInside(variables: Readonly<Record<string, string>>): Buffer {
  const args = Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]);
  const broken = args.find((argument) => argument.includes('\0'));
  // What follows it would be taken for an argument of its own.
  if (broken !== undefined) {
    throw new PlatformError(
      `The variable ${args[args.indexOf(broken) - 1]} of the function holds a zero byte, which no process can be given.`,
      'Set it to a text without one.',
    );
  }
  return Buffer.from(args.map((argument) => `${argument}\0`).join(''));
}

function temporaryBytes({ ephemeralStorageMb }: EnvironmentSpec): number {
  return ephemeralStorageMb * BYTES_PER_MB;
}

/** What differs from one environment to the next. The root itself is made read-only last. */
function environmentArgs(spec: EnvironmentSpec, hasCompiled: boolean): string[] {
  return [
    '--ro-bind',
    spec.codeDirectory,
    '/var/task',
    ...(spec.layersDirectory === undefined ? ['--dir', '/opt'] : ['--ro-bind', spec.layersDirectory, '/opt']),
    '--size',
    String(temporaryBytes(spec)),
    '--tmpfs',
    '/tmp',
    ...(hasCompiled ? ['--size', String(COMPILED_BYTES), '--tmpfs', COMPILED_DIRECTORY] : []),
    '--remount-ro',
    '/',
    '--chdir',
    '/var/task',
    '--',
  ];
}

/**
 * A snapshot by forking: the function's process, once it has run its init, forks for each environment, and the copy is
 * given namespaces, a cgroup and a network of its own. `runtimes/snapshot/restore.py` stands for it on the host.
 *
 * Limits: the environments of one snapshot have one user of the host and one host name, and end with it. Threads and
 * processes that init leaves running are refused, memory that is mapped as shared stays shared.
 */
import { invariant } from '../../core/errors.ts';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  Snapshot,
} from '../../ports/environment.ts';
import type { EnvironmentLimits, HostLimits } from '../cgroup/environment-limits.ts';
import { openEnvironmentApi } from '../environment/environment-api.ts';
import { EnvironmentProcess } from '../environment/environment-process.ts';
import { insideExit } from '../environment/inside-exit.ts';
import { keepWhileRunning, withResources } from '../environment/taken-resources.ts';
import { seccompFilter } from '../namespaces/seccomp-filter.ts';
import type { HostNetworks } from '../network/host-networks.ts';
import type { SnapshotPlace } from './snapshot-place.ts';

/** The copier, the first process of the PID namespace, and the one that stands for the copy. */
const OWN_PROCESSES = 3;

const BYTES_PER_MB = 1024 * 1024;

/** Where the host's programs are that set up a network. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface RestoreOptions {
  readonly networks: HostNetworks | undefined;
  readonly limits: HostLimits;
  readonly running: Set<RunningEnvironment>;
  /** All variables of an environment whose runtime API is there. */
  readonly variablesOf: (spec: EnvironmentSpec, runtimeApi: string) => Promise<Record<string, string>>;
}

export class ForkedSnapshot implements Snapshot {
  private readonly source: EnvironmentProcess;
  private readonly place: SnapshotPlace;
  private readonly options: RestoreOptions;

  /** `source` is the process that forks. */
  constructor(source: RunningEnvironment, place: SnapshotPlace, options: RestoreOptions) {
    invariant(source instanceof EnvironmentProcess, 'a snapshot was refused');
    this.source = source;
    this.place = place;
    this.options = options;
  }

  restore(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    return withResources((resources) => this.restoreWith(resources, spec, listener));
  }

  async close(): Promise<void> {
    await this.source.kill();
  }

  private async restoreWith(
    resources: AsyncDisposableStack,
    spec: EnvironmentSpec,
    listener: EnvironmentListener,
  ): Promise<RunningEnvironment> {
    const { networks, limits, running, variablesOf } = this.options;
    const network = await (await networks?.networks())?.take();
    resources.defer(async () => network?.release());
    const { extensions, address, close } = await openEnvironmentApi(
      spec,
      listener,
      true,
      network?.runtimeApi,
    );
    resources.defer(async () => close());
    const variables = await variablesOf(spec, network?.runtimeApiInside ?? address);
    const own = limits.of(spec, { isTmpInMemory: true, ownProcesses: OWN_PROCESSES, isAhead: false });
    const tmpBytes = String(spec.ephemeralStorageMb * BYTES_PER_MB);
    const environment = await EnvironmentProcess.start(
      {
        command: this.place.interpreter,
        args: [...this.place.program('restore.py'), tmpBytes, network?.moveScript ?? ''],
        variables,
        commandVariables: { PATH },
        input: () => this.order(own, variables),
        workingDirectory: '/',
        transport: undefined,
        extensions,
        exitOf: insideExit,
        limits: own,
        cleanUp: () => resources.disposeAsync(),
      },
      extensions.listener,
    );
    keepWhileRunning(running, environment, resources);
    return environment;
  }

  /** What `restore.py` reads: the ways into the cgroup, and what it passes on to the snapshot. */
  private order(limits: EnvironmentLimits, variables: Readonly<Record<string, string>>): Buffer {
    const { flags, secret } = this.place.guarded;
    const before = this.source.variables;
    // Its code may have changed others on purpose.
    const changed = Object.entries(variables).filter(([name, value]) => before[name] !== value);
    const order = {
      namespaces: flags,
      secret: secret.toString(16),
      filter: seccompFilter()!.toString('hex'),
      variables: Object.fromEntries(changed),
    };
    return Buffer.from(`${limits.entrances.join('\n')}\n\n${JSON.stringify(order)}`);
  }
}

/**
 * A snapshot by forking: the function's process, once it has run its init, forks for each environment, and the copy is
 * given namespaces, a cgroup and a network of its own. `runtimes/snapshot/restore.py` stands for it on the host.
 *
 * Limits: the environments of one snapshot have one user of the host and one host name, and end with it. Threads and
 * processes that init leaves running are refused, memory that is mapped as shared stays shared.
 */
import { randomBytes } from 'node:crypto';
import { invariant, PlatformError } from '../../core/errors.ts';
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
import { RelayListener } from '../pool/pooled-environment.ts';
import type { ReadyCopies } from './ready-copies.ts';
import type { SnapshotPlace } from './snapshot-place.ts';

/** The copier, the first process of the PID namespace, and the one that stands for the copy. */
const OWN_PROCESSES = 3;

const BYTES_PER_MB = 1024 * 1024;

/** Where the host's programs are that set up a network. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** It has come as far as it can without an owner. */
export interface Copy {
  readonly process: EnvironmentProcess;
  readonly relay: RelayListener;
  end(): void;
}

export interface RestoreOptions {
  readonly networks: HostNetworks | undefined;
  readonly limits: HostLimits;
  readonly running: Set<RunningEnvironment>;
  readonly ready: ReadyCopies<Copy>;
  /** All variables of an environment whose runtime API is there. */
  readonly variablesOf: (spec: EnvironmentSpec, runtimeApi: string) => Promise<Record<string, string>>;
}

export class ForkedSnapshot implements Snapshot {
  private readonly source: EnvironmentProcess;
  private readonly spec: EnvironmentSpec;
  private readonly place: SnapshotPlace;
  private readonly options: RestoreOptions;

  /** `source` is the process that forks, of that spec. */
  constructor(
    source: RunningEnvironment,
    spec: EnvironmentSpec,
    place: SnapshotPlace,
    options: RestoreOptions,
  ) {
    invariant(source instanceof EnvironmentProcess, 'a snapshot was refused');
    this.source = source;
    this.spec = spec;
    this.place = place;
    this.options = options;
  }

  async restore(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    const ahead = this.options.ready.take(this);
    const copy = ahead?.relay.passTo(listener) === true ? ahead : await this.copyFor(listener);
    this.expect();
    const { process } = copy;
    const before = this.source.variables;
    const variables = await this.options.variablesOf(spec, process.runtimeApi).catch((error: unknown) => {
      // It would wait for its owner for ever.
      copy.end();
      throw error;
    });
    // Its code may have changed others on purpose.
    const changed = Object.entries(variables).filter(([name, value]) => before[name] !== value);
    process.assign(Object.fromEntries(changed), spec);
    return process;
  }

  /** It is likely to be asked for an environment. */
  expect(): void {
    this.source.rest();
    this.options.ready.expect(this, (onExit) => this.copy(onExit));
  }

  async close(): Promise<void> {
    await this.source.kill();
  }

  private async copyFor(listener: EnvironmentListener): Promise<Copy> {
    const copy = await this.copy(() => {});
    if (copy.relay.passTo(listener)) return copy;
    throw new PlatformError(
      'The snapshot of the function could not be restored.',
      'Publish its version anew.',
    );
  }

  /** A copy that waits for its owner, or has ended. */
  private async copy(onExit: () => void): Promise<Copy> {
    const relay = new RelayListener(onExit);
    const process = await withResources((resources) => this.start(resources, relay));
    await relay.waits;
    return { process, relay, end: () => void process.kill() };
  }

  private async start(
    resources: AsyncDisposableStack,
    listener: EnvironmentListener,
  ): Promise<EnvironmentProcess> {
    const { networks, limits, running, variablesOf } = this.options;
    const spec = { ...this.spec, environmentId: randomBytes(16).toString('hex') };
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
    const own = limits.of(spec, { isTmpInMemory: true, ownProcesses: OWN_PROCESSES, isAhead: true });
    const tmpBytes = String(spec.ephemeralStorageMb * BYTES_PER_MB);
    const environment = await EnvironmentProcess.start(
      {
        command: this.place.interpreter,
        args: [
          ...this.place.program('restore.py'),
          String(this.source.pid),
          tmpBytes,
          network?.moveScript ?? '',
        ],
        variables,
        commandVariables: { PATH },
        input: () => this.order(own),
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
  private order(limits: EnvironmentLimits): Buffer {
    const { flags, secret } = this.place.guarded;
    const order = {
      namespaces: flags,
      secret: secret.toString(16),
      filter: seccompFilter()!.toString('hex'),
    };
    return Buffer.from(`${limits.entrances.join('\n')}\n\n${JSON.stringify(order)}`);
  }
}

/** Plain processes of this user: no isolation, for development on any host. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  RuntimeInstallation,
  Sandbox,
} from '../../ports/environment.ts';
import { HostLimits } from '../cgroup/environment-limits.ts';
import { findBootstrap } from '../environment/bootstrap-file.ts';
import { COMPILED_VARIABLE, CompiledCode } from '../environment/compiled-code.ts';
import { openEnvironmentApi } from '../environment/environment-api.ts';
import { EnvironmentProcess } from '../environment/environment-process.ts';
import { imagesRefused } from '../environment/image-launch.ts';
import type { Layout } from '../environment/launch.ts';
import { launchOf, locationVariables } from '../environment/launch.ts';
import { RefusedEnvironment } from '../environment/refused-environment.ts';
import { warnOfSubstitute } from '../environment/substitute-warning.ts';
import { keepWhileRunning, withResources } from '../environment/taken-resources.ts';
import { supervised } from '../extensions/supervisor.ts';
import { processStart } from '../process-identity.ts';
import {
  BOOTSTRAPS_DIRECTORY,
  javaClientDirectory,
  linkNodePackages,
  pythonPackagesDirectory,
} from '../runtime-files.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import { removeScratch } from './scratch-directory.ts';

/** In an environment's scratch directory: its process and when that began, to know it again after a crash. */
const PROCESS_FILE = 'process';

export class ProcessSandbox implements Sandbox {
  readonly level = 'process';
  private readonly options: SandboxOptions;
  private readonly limits: HostLimits;
  private readonly compiledCode: CompiledCode;
  private readonly running = new Set<RunningEnvironment>();
  private nodePackages: Promise<string | undefined> | undefined;

  constructor(options: SandboxOptions) {
    this.options = options;
    this.limits = options.limits ?? new HostLimits(undefined);
    this.compiledCode = new CompiledCode(this.level, options.log);
  }

  async prepare({ family }: RuntimeInstallation): Promise<void> {
    await this.packageDirectories(family).catch(() => {});
  }

  async start(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    // A root directory of its own is what a plain process does not have.
    if (spec.image !== undefined) throw imagesRefused(this.level);
    const bootstrap = spec.installation.family === 'provided' ? await findBootstrap(spec) : undefined;
    if (bootstrap !== undefined && 'problem' in bootstrap)
      return new RefusedEnvironment(listener, bootstrap.problem);
    return withResources((resources) =>
      this.startWith(resources, spec, bootstrap?.place ?? 'task', listener),
    );
  }

  private async startWith(
    resources: AsyncDisposableStack,
    spec: EnvironmentSpec,
    bootstrap: 'task' | 'opt',
    listener: EnvironmentListener,
  ): Promise<RunningEnvironment> {
    const scratch = join(this.options.environmentsDirectory, spec.environmentId);
    resources.defer(() => this.remove(scratch));
    const temporaryDirectory = join(scratch, 'tmp');
    await mkdir(temporaryDirectory, { recursive: true });
    const layout = await this.layout(spec, temporaryDirectory);
    warnOfSubstitute(spec, listener, this.options.log);
    const launch = launchOf(spec, layout, bootstrap);
    const compiled = launch.framed ? await this.compiledCode.offer(spec) : undefined;
    resources.defer(async () => compiled?.end());
    const api = await openEnvironmentApi(spec, listener, launch.framed);
    resources.defer(async () => api.close());
    const { extensions } = api;
    const variables = locationVariables(spec, layout, api.address, launch.framed);
    if (compiled !== undefined) {
      const directory = join(scratch, 'compiled');
      await mkdir(directory);
      variables[COMPILED_VARIABLE] = directory;
    }
    const environment = await EnvironmentProcess.start(
      {
        ...supervised(launch, layout.optDirectory, extensions.external),
        variables,
        workingDirectory: layout.taskRoot,
        transport: api.transport,
        extensions,
        compiled,
        exitOf: (exit) => exit,
        limits: this.limits.of(spec, { isTmpInMemory: false, ownProcesses: 0, isAhead: false }),
        cleanUp: () => resources.disposeAsync(),
      },
      extensions.listener,
    );
    keepWhileRunning(this.running, environment, resources);
    void recordProcess(join(scratch, PROCESS_FILE), environment.pid);
    return environment;
  }

  async close(): Promise<void> {
    await Promise.all([...this.running].map((environment) => environment.kill()));
    await this.nodePackages?.catch(() => {});
    await this.limits.close();
  }

  /** Whatever keeps it there, the environment has ended. */
  private async remove(scratch: string): Promise<void> {
    await removeScratch(scratch).catch((error: Error) =>
      this.options.log.error(
        { scratch, error: error.message },
        'What a function left in its /tmp was not removed.',
      ),
    );
  }

  private async layout(spec: EnvironmentSpec, temporaryDirectory: string): Promise<Layout> {
    const { family, interpreter } = spec.installation;
    return {
      taskRoot: spec.codeDirectory,
      runtimeDirectory: this.runtimeDirectory(family),
      optDirectory: spec.layersDirectory ?? '/opt',
      interpreter,
      packageDirectories: await this.packageDirectories(family),
      temporaryDirectory,
    };
  }

  private runtimeDirectory(family: RuntimeInstallation['family']): string {
    if (family === 'java') return javaClientDirectory(this.options.runtimesDirectory);
    return join(BOOTSTRAPS_DIRECTORY, family === 'provided' ? 'nodejs' : family);
  }

  private async packageDirectories(family: RuntimeInstallation['family']): Promise<string[]> {
    const { runtimesDirectory } = this.options;
    if (family === 'python') return [pythonPackagesDirectory(runtimesDirectory)];
    if (family !== 'nodejs') return [];
    if (this.nodePackages === undefined) {
      this.nodePackages = linkNodePackages(runtimesDirectory);
      this.nodePackages.catch(() => {
        this.nodePackages = undefined;
      });
    }
    const directory = await this.nodePackages;
    return directory === undefined ? [] : [directory];
  }
}

async function recordProcess(file: string, pid: number): Promise<void> {
  const begun = processStart(pid);
  // The environment may have ended, and its directory gone with it.
  if (begun !== undefined) await writeFile(file, `${pid} ${begun}\n`).catch(() => {});
}

/** Ends what a server that was killed left running, and removes its scratch directories. */
export async function removeLeftovers(environmentsDirectory: string): Promise<number> {
  let ended = 0;
  for (const name of await readdir(environmentsDirectory).catch(() => [])) {
    const scratch = join(environmentsDirectory, name);
    const record = await readFile(join(scratch, PROCESS_FILE), 'utf8').catch(() => '');
    const [pid, begun] = record.trim().split(' ');
    if (pid !== undefined && begun !== undefined && processStart(Number(pid)) === begun) {
      try {
        process.kill(-Number(pid), 'SIGKILL');
        ended += 1;
      } catch {
        // It ended between the look and the blow.
      }
    }
    await removeScratch(scratch);
  }
  return ended;
}

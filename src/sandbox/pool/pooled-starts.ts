/** How a level starts environments ahead and gives them away: what is the same at each that does. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { invariant } from '../../core/errors.ts';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  ExpectedEnvironment,
  RunningEnvironment,
  RuntimeInstallation,
} from '../../ports/environment.ts';
import type { CompiledCode } from '../environment/compiled-code.ts';
import { COMPILED_DIRECTORY, COMPILED_VARIABLE } from '../environment/compiled-code.ts';
import { EnvironmentProcess } from '../environment/environment-process.ts';
import { locationVariables } from '../environment/launch.ts';
import type { Layout } from '../environment/layout.ts';
import { warnOfSubstitute } from '../environment/substitute-warning.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import { EnvironmentPool } from './environment-pool.ts';
import { linkTree } from './linked-tree.ts';
import type { PoolShape } from './pool-shape.ts';
import { shapeOf } from './pool-shape.ts';
import type { PooledEnvironment } from './pooled-environment.ts';
import { RelayListener } from './pooled-environment.ts';

/** A level of isolation. */
export interface PoolingLevel {
  layoutOf(installation: RuntimeInstallation): Promise<Layout>;
  /** With the server's address as it is inside. */
  seenFromInside(spec: EnvironmentSpec): Promise<EnvironmentSpec>;
  /** Starts a runtime that waits for its function; `removeTask` is to be called when it has ended, or has not begun. */
  /** Where the level keeps it. */
  readonly compiledCode?: CompiledCode;
  startAhead(
    spec: EnvironmentSpec,
    listener: EnvironmentListener,
    removeTask: () => Promise<void>,
  ): Promise<RunningEnvironment>;
}

type Options = Pick<SandboxOptions, 'environmentsDirectory' | 'log'>;

export class PooledStarts {
  private readonly options: Options;
  private readonly level: PoolingLevel;
  private readonly pool: EnvironmentPool;
  /** Packages of too many files to be linked into a sandbox that runs already. */
  private readonly notLinked = new Set<string>();

  /** `limit`: environments that wait at most. */
  constructor(options: Options, limit: number, level: PoolingLevel) {
    this.options = options;
    this.level = level;
    this.pool = new EnvironmentPool({
      limit,
      start: (shape, onExit) => this.startPooled(shape, onExit),
      log: options.log,
    });
  }

  /** Environments that wait. */
  get size(): number {
    return this.pool.size;
  }

  /** A function of this runtime is likely to need an environment. */
  expect(installation: RuntimeInstallation, expected: ExpectedEnvironment | undefined): void {
    const shape = expected === undefined ? undefined : shapeOf({ installation, ...expected });
    if (shape !== undefined) this.pool.expect(shape);
  }

  /** One that waited and is the function's own now; undefined where only a start of its own will do. */
  async take(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment | undefined> {
    const shape = this.notLinked.has(spec.codeDirectory) ? undefined : shapeOf(spec);
    const pooled = shape === undefined ? undefined : this.pool.take(shape);
    if (pooled === undefined) return undefined;
    try {
      return await this.assign(pooled, spec, listener);
    } catch (error) {
      // It is in the pool no more, and nobody's.
      void pooled.running.kill();
      throw error;
    }
  }

  /** Ends what waits. */
  close(): Promise<void> {
    return this.pool.close();
  }

  private async assign(
    pooled: PooledEnvironment,
    spec: EnvironmentSpec,
    listener: EnvironmentListener,
  ): Promise<RunningEnvironment | undefined> {
    const layout = await this.level.layoutOf(spec.installation);
    const [isLinked, compiled] = await Promise.all([
      linkTree(spec.codeDirectory, pooled.taskDirectory).catch(() => false),
      this.level.compiledCode?.offer(spec),
    ]);
    if (!isLinked) this.notLinked.add(spec.codeDirectory);
    if (!isLinked || !pooled.relay.passTo(listener)) {
      compiled?.end();
      void pooled.running.kill();
      return undefined;
    }
    warnOfSubstitute(spec, listener, this.options.log);
    const { SELFSAME_CHANNEL_FD: _, ...variables } = locationVariables(
      await this.level.seenFromInside(spec),
      layout,
      pooled.runtimeApi,
      true,
    );
    if (compiled !== undefined) variables[COMPILED_VARIABLE] = COMPILED_DIRECTORY;
    pooled.assign(variables, spec, compiled);
    return pooled.running;
  }

  private async startPooled(shape: PoolShape, onExit: () => void): Promise<PooledEnvironment> {
    const taskDirectory = await mkdtemp(join(this.options.environmentsDirectory, 'pooled-'));
    const removeTask = (): Promise<void> => rm(taskDirectory, { recursive: true, force: true });
    // Whoever the function's user is, it may read its code.
    await chmod(taskDirectory, 0o755);
    const { locale, ...rest } = shape;
    const spec: EnvironmentSpec = {
      ...rest,
      environmentId: basename(taskDirectory),
      codeDirectory: taskDirectory,
      handler: '',
      variables: locale,
      logFormat: 'text',
    };
    const relay = new RelayListener(onExit);
    const running = await this.level.startAhead(spec, relay, removeTask);
    invariant(running instanceof EnvironmentProcess, 'an environment started ahead was refused');
    await relay.waits;
    const assign: PooledEnvironment['assign'] = (...owner) => running.assign(...owner);
    return { running, relay, taskDirectory, runtimeApi: running.runtimeApi, assign };
  }
}

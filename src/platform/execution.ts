/** What runs functions: images, interpreters and the sandbox of the chosen level. */

import type { Log } from '../ports/log.ts';
import { openRuntimeCatalog } from '../sandbox/catalog/runtime-catalog.ts';
import { createSandbox } from '../sandbox/sandboxes.ts';
import type { Ecr } from '../services/ecr/ecr.ts';
import type { DataDirectory } from '../storage/data-directory.ts';
import { dockerConfigFile, openDockerConfig } from '../storage/images/docker-config.ts';
import { openImageStore } from '../storage/images/image-store.ts';
import { hostBootId } from '../storage/packages/boot-id.ts';
import type { Cleanup } from './cleanup.ts';
import type { ChosenIsolation } from './isolation.ts';
import type { ResolvedOptions } from './options.ts';
import { DEFAULT_POOLED_ENVIRONMENTS } from './options.ts';

export interface ExecutionDependencies {
  readonly options: ResolvedOptions;
  readonly isolation: ChosenIsolation;
  readonly data: DataDirectory;
  readonly ecr: Pick<Ecr, 'isRegistry' | 'ownCredentials'>;
  readonly log: Log;
  /** Of this server, once it listens. */
  readonly origin: () => string;
}

export async function openExecution(dependencies: ExecutionDependencies, cleanup: Cleanup) {
  const { options, isolation, data, log } = dependencies;
  const images = await openImages(dependencies, cleanup);
  const catalog = openRuntimeCatalog({
    runtimesDirectory: data.runtimes,
    configured: options.runtimes,
    nearestRuntime: options.nearestRuntime,
    fetchRuntimes: options.fetchRuntimes,
    log,
  });
  const sandbox = await cleanup.opening(
    createSandbox(isolation.level, {
      environmentsDirectory: data.environments,
      runtimesDirectory: data.runtimes,
      pooledEnvironments: options.pooledEnvironments ?? DEFAULT_POOLED_ENVIRONMENTS,
      ociRuntime: options.ociRuntime,
      log,
    }),
  );
  if ((options.pooledEnvironments ?? 0) > 0 && sandbox.pooledEnvironments === undefined) {
    log.warn(
      { pooledEnvironments: options.pooledEnvironments },
      `At the isolation level '${isolation.level}' no environments are started ahead.`,
    );
  }
  return { images, catalog, sandbox };
}

async function openImages(dependencies: ExecutionDependencies, cleanup: Cleanup) {
  const { options, data, ecr, log, origin } = dependencies;
  const registryCredentials = await openDockerConfig({
    file: options.registryAuth ?? dockerConfigFile(),
    isDemanded: options.registryAuth !== undefined,
    log,
  });
  return cleanup.opening(
    openImageStore({
      directory: data.images,
      accessTo: (registry) =>
        ecr.isRegistry(registry) || `http://${registry}` === origin()
          ? { origin: origin(), credentials: async () => ecr.ownCredentials }
          : { credentials: () => registryCredentials(registry) },
      layouts: options.imageLayouts,
      bootId: hostBootId,
    }),
  );
}

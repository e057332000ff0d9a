/** What is in a container: the host's programs with a package and its runtime, or a container image. */
import { join } from 'node:path';
import type { EnvironmentImage, EnvironmentSpec } from '../../ports/environment.ts';
import { imageDirectory } from '../environment/image-launch.ts';
import type { HostShell } from '../filesystem/host-shell.ts';
import { SHELL_DIRECTORY } from '../filesystem/host-shell.ts';
import type { Mount } from '../filesystem/mount.ts';
import { bind } from '../filesystem/mount.ts';
import type { ContainerPlan } from './bundle.ts';

/** The files of a container, and where it begins. */
export type ShownFiles = Pick<ContainerPlan, 'rootDirectory' | 'mounts' | 'workingDirectory'>;

/** What differs from one container to the next beside its sizes. */
export type ContainerContent = Pick<
  ContainerPlan,
  'variables' | 'rootDirectory' | 'mounts' | 'workingDirectory' | 'network' | 'users'
>;

/** What every container of this server shares. */
export interface Shared {
  readonly stateDirectory: string;
  /** Where each container's own directory is made. */
  readonly bundlesDirectory: string;
  readonly rootDirectory: string;
  readonly mounts: readonly Mount[];
  readonly etc: string;
  readonly hostShell: HostShell;
}

export function packageContainer(
  { codeDirectory, layersDirectory }: EnvironmentSpec,
  shared: Shared,
  runtime: readonly Mount[],
): ShownFiles {
  const layers = layersDirectory === undefined ? [] : [bind(layersDirectory, '/opt')];
  return {
    rootDirectory: shared.rootDirectory,
    mounts: [...shared.mounts, ...runtime, bind(codeDirectory, '/var/task'), ...layers],
    workingDirectory: '/var/task',
  };
}

/** Its root is that of the image. */
export function imageContainer(image: EnvironmentImage, { etc, hostShell }: Shared): ShownFiles {
  return {
    rootDirectory: image.rootDirectory,
    mounts: [
      // Names are resolved as in every other environment.
      ...['resolv.conf', 'hosts'].map((file) => bind(join(etc, file), `/etc/${file}`)),
      bind(hostShell.directory, SHELL_DIRECTORY),
    ],
    workingDirectory: imageDirectory(image),
  };
}

/** What of the host a container shows. */
export function hostPathsOf({ rootDirectory, mounts }: ShownFiles): readonly string[] {
  return [rootDirectory, ...mounts.flatMap((mount) => (mount.kind === 'bind' ? [mount.source] : []))];
}

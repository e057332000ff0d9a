/** A container whose root is that of a container image. */
import { join } from 'node:path';
import type { EnvironmentImage } from '../../ports/environment.ts';
import { imageDirectory } from '../environment/image-launch.ts';
import type { HostShell } from '../filesystem/host-shell.ts';
import { SHELL_DIRECTORY } from '../filesystem/host-shell.ts';
import { bind } from '../filesystem/mount.ts';
import type { ContainerPlan } from './bundle.ts';

export function imageContainer(
  image: EnvironmentImage,
  { etc, hostShell }: { readonly etc: string; readonly hostShell: HostShell },
): Pick<ContainerPlan, 'rootDirectory' | 'mounts' | 'workingDirectory'> {
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

/** Bubblewrap's arguments for an environment whose root is that of a container image. */
import { join } from 'node:path';
import type { EnvironmentImage } from '../../ports/environment.ts';
import { imageDirectory } from '../environment/image-launch.ts';
import { SHELL_DIRECTORY } from '../filesystem/host-shell.ts';
import { KERNEL_MOUNTS } from './kernel-mounts.ts';

/** Of the server's `/etc`: names are resolved as in every other environment. */
const OWN_FILES = ['resolv.conf', 'hosts'];

export interface ImagePlace {
  /** The `/etc` that this server made for its environments. */
  readonly etc: string;
  /** The host's directory of the shell that starts extensions. */
  readonly shellDirectory: string;
  readonly temporaryBytes: number;
}

/** The image stores what is mounted upon, see `storage/images/root-directory.ts`. */
export function imageArguments(
  image: EnvironmentImage,
  { etc, shellDirectory, temporaryBytes }: ImagePlace,
): string[] {
  return [
    '--ro-bind',
    image.rootDirectory,
    '/',
    ...KERNEL_MOUNTS,
    ...OWN_FILES.flatMap((file) => ['--ro-bind-try', join(etc, file), `/etc/${file}`]),
    '--ro-bind',
    shellDirectory,
    SHELL_DIRECTORY,
    '--size',
    String(temporaryBytes),
    '--tmpfs',
    '/tmp',
    '--chdir',
    imageDirectory(image),
    '--',
  ];
}

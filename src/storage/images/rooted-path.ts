/** Paths of an archive, found below a root directory that they must not leave. */
import { chmod, lstat, mkdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ImageProblem } from '../../ports/image-store.ts';

/** Links followed for one path before it counts as a circle, as the kernel has it. */
const MAX_LINKS = 40;

/** The names on the way to an entry. Throws `ImageProblem` for a path that climbs. */
export function entrySegments(path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..') || path.includes('\0'))
    throw new ImageProblem('invalid', `a layer has the path '${path}', which leaves the image`);
  return segments;
}

/**
 * The directory on this host that an entry's parents name, made where it is missing. Links among them
 * are followed as inside the image, where its root is the root and `..` stops there.
 */
export async function resolveDirectory(root: string, parents: readonly string[]): Promise<string> {
  let at = root;
  const rest = [...parents];
  let links = 0;
  for (let segment = rest.shift(); segment !== undefined; segment = rest.shift()) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (at !== root) at = dirname(at);
      continue;
    }
    const next = join(at, segment);
    const status = await lstat(next).catch(() => undefined);
    if (status === undefined) {
      await mkdir(next);
      // What `mkdir` is given is subject to the umask.
      await chmod(next, 0o755);
    }
    if (status === undefined || status.isDirectory()) {
      at = next;
      continue;
    }
    links += 1;
    if (!status.isSymbolicLink() || links > MAX_LINKS)
      throw new ImageProblem(
        'invalid',
        `a layer has entries below '${parents.join('/')}', which is no directory`,
      );
    const target = await readlink(next);
    if (target.startsWith('/')) at = root;
    rest.unshift(...target.split('/'));
  }
  return at;
}

/** What a host's Java needs in a sandbox beside its own directory. */
import { cp, mkdir, readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Debian keeps the settings and certificates of its Java there, with links to them; sandboxes have an `/etc` of their own. */
const HOST_SETTINGS = '/etc/';

/** Copies what `home` links to in the host's `/etc` into the sandboxes' one, which is `etc` on the host. */
export async function copyJavaSettings(home: string, etc: string): Promise<void> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((candidate) => candidate.isSymbolicLink())) {
    const link = join(entry.parentPath, entry.name);
    const target = resolve(entry.parentPath, await readlink(link));
    if (!target.startsWith(HOST_SETTINGS)) continue;
    const copy = join(etc, target.slice(HOST_SETTINGS.length));
    await mkdir(dirname(copy), { recursive: true });
    // A package that was removed by halves leaves links to nothing.
    const source = await realpath(target).catch(() => undefined);
    if (source !== undefined) await cp(source, copy, { recursive: true, dereference: true });
  }
}

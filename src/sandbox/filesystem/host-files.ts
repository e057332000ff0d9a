/** Files and mounts that every sandbox shares, whatever its level, prepared once per server. */
import { appendFile, copyFile, lstat, mkdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from './mount.ts';
import { bind } from './mount.ts';

/** The user that AWS runs functions as. */
export const SANDBOX_USER = { name: 'sbx_user1051', uid: 993, gid: 990 } as const;

const CERTIFICATES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/** Host files a process needs to resolve names and find libraries; those that exist are copied. */
const COPIED = ['resolv.conf', 'hosts', 'ld.so.cache', 'ld.so.conf', 'services', 'protocols', 'localtime'];

/**
 * AWS's names of the sandbox itself, where extensions listen for telemetry. As this address they listen on all
 * interfaces, so that the server, which is outside, reaches them; to connect to it leads to loopback.
 */
const SANDBOX_HOSTS = '\n0.0.0.0 sandbox.localdomain sandbox\n';

/** Writes the `/etc` of the sandboxes below `directory`, with the host's `resolv.conf` or another, and returns its path. */
export async function prepareEtc(directory: string, resolverConfiguration?: string): Promise<string> {
  const etc = join(directory, 'etc');
  const { name, uid, gid } = SANDBOX_USER;
  await mkdir(join(etc, 'ssl', 'certs'), { recursive: true });
  await mkdir(join(etc, 'pki', 'tls', 'certs'), { recursive: true });
  await Promise.all([
    writeFile(
      join(etc, 'passwd'),
      `root:x:0:0:root:/root:/sbin/nologin\n${name}:x:${uid}:${gid}::/home/${name}:/sbin/nologin\n`,
    ),
    writeFile(join(etc, 'group'), `root:x:0:\n${name}:x:${gid}:\n`),
    writeFile(
      join(etc, 'nsswitch.conf'),
      'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
    ),
    ...COPIED.map((file) => copyFile(join('/etc', file), join(etc, file)).catch(() => {})),
    ...CERTIFICATES.map((file) => copyCertificates(file, etc)),
  ]);
  await appendFile(join(etc, 'hosts'), SANDBOX_HOSTS);
  if (resolverConfiguration !== undefined) await writeFile(join(etc, 'resolv.conf'), resolverConfiguration);
  return etc;
}

/** One bundle of the host serves under both names, that of Debian and that of Amazon Linux. */
async function copyCertificates(target: string, etc: string): Promise<void> {
  for (const source of CERTIFICATES) {
    const copied = await copyFile(source, join(etc, '..', target)).then(
      () => true,
      () => false,
    );
    if (copied) return;
  }
}

/** Shows the host's programs and libraries, read-only, whether `/usr` is merged or not. */
export async function systemMounts(): Promise<Mount[]> {
  const mounts: Mount[] = [bind('/usr', '/usr')];
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) {
    const status = await lstat(`/${name}`).catch(() => undefined);
    if (status === undefined) continue;
    if (status.isSymbolicLink()) {
      mounts.push({ kind: 'link', source: await readlink(`/${name}`), target: `/${name}` });
    } else mounts.push(bind(`/${name}`, `/${name}`));
  }
  return mounts;
}

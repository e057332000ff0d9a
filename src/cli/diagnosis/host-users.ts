/** As whom functions run, seen from the host. */
import { probeContainerUsers } from '../../sandbox/oci/container-users.ts';
import { probeIsolation, probeOciIsolation } from '../../sandbox/sandboxes.ts';
import type { UserProbe } from '../../sandbox/users/user-probe.ts';
import { probeSandboxUsers } from '../../sandbox/users/user-probe.ts';
import type { Settings } from '../settings/settings.ts';
import type { Finding } from './finding.ts';

export async function checkUsers(
  settings: Pick<Settings, 'isolation' | 'ociRuntime'>,
  probe: () => Promise<UserProbe | undefined> = () => probeLevel(settings),
): Promise<Finding[]> {
  const subject = 'users';
  const users = await probe();
  // Of plain processes it is said at the level.
  if (users === undefined) return [];
  if (users.available) return [{ subject, status: 'ok', finding: 'each environment has its own' }];
  return [
    {
      subject,
      status: 'warn',
      finding: `Seen from the host, functions run as the user of the server: ${users.reason}`,
      remedy: users.remedy,
    },
  ];
}

/** Undefined where functions are plain processes, or do not run at all. */
async function probeLevel({
  isolation,
  ociRuntime,
}: Pick<Settings, 'isolation' | 'ociRuntime'>): Promise<UserProbe | undefined> {
  if (isolation === 'process') return undefined;
  if (isolation === 'oci') {
    const oci = await probeOciIsolation(ociRuntime);
    return oci.available ? probeContainerUsers(oci.runtime) : undefined;
  }
  const { namespaces } = await probeIsolation();
  return namespaces.available ? probeSandboxUsers(namespaces.bwrap) : undefined;
}

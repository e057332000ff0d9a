import { buildCommand } from '@stricli/core';
import { PlatformError } from '../core/errors.ts';
import type { CliContext } from './cli-context.ts';
import type { Finding } from './diagnosis/finding.ts';
import { listRuntimes } from './runtimes.ts';
import {
  configFlag,
  dataDirFlag,
  hostFlag,
  isolationFlag,
  jsonFlag,
  nearestRuntimeFlag,
  ociRuntimeFlag,
  portFlag,
  runtimeFlag,
} from './settings/setting-flags.ts';
import type { SettingFlags } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { columns } from './terminal/columns.ts';
import { printJson } from './terminal/json-output.ts';
import type { Palette } from './terminal/palette.ts';
import { paletteFor } from './terminal/palette.ts';
import { withProgress } from './terminal/progress-bar.ts';

interface DoctorFlags
  extends Omit<
    SettingFlags,
    | 'logLevel'
    | 'authorization'
    | 'pooledEnvironments'
    | 'maxEnvironments'
    | 'imageLayouts'
    | 'registryAuth'
    | 'runtimes'
    | 'brokers'
    | 'broker'
    | 'urlDomains'
    | 'endpoints'
    | 'serviceEndpoint'
    | 'urlDomain'
    | 'endpoint'
    | 'region'
  > {
  readonly json: boolean;
}

export const doctorCommand = buildCommand({
  docs: {
    brief: 'Check what this host can do',
    fullDescription:
      'Checks the machine for what a server with these settings needs, and says how to mend what is missing. ' +
      'The exit code is 1 when something would keep a server from starting. No server is needed.',
  },
  parameters: {
    flags: {
      port: portFlag,
      host: hostFlag,
      dataDir: dataDirFlag,
      isolation: isolationFlag,
      ociRuntime: ociRuntimeFlag,
      nearestRuntime: nearestRuntimeFlag,
      runtime: runtimeFlag,
      config: configFlag,
      json: jsonFlag,
    },
  },
  async func(this: CliContext, flags: DoctorFlags) {
    const findings = await withProgress(this, 'Checking', () => examine(this, flags));
    if (flags.json) printJson(this, findings);
    else {
      const palette = paletteFor(this.process.stdout, this.process.env);
      this.process.stdout.write(columns(findings.flatMap((finding) => rows(finding, palette))));
    }
    const failed = findings.filter(({ status }) => status === 'fail').map(({ subject }) => subject);
    if (failed.length === 0) return undefined;
    return new PlatformError(`not ready: ${failed.join(', ')}`, 'Mend what is marked as fail.');
  },
});

async function examine(context: CliContext, flags: SettingFlags): Promise<Finding[]> {
  const settings = await readSettings(context, flags);
  const [host, users, dataDirectory, port, interpreters] = await Promise.all([
    import('./diagnosis/host.ts'),
    import('./diagnosis/host-users.ts'),
    import('./diagnosis/data-directory.ts'),
    import('./diagnosis/port.ts'),
    import('./diagnosis/interpreters.ts'),
  ]);
  const findings = await Promise.all([
    host.checkNode(),
    host.checkPlatform(),
    host.checkIsolation(settings),
    host.checkNetwork(settings),
    users.checkUsers(settings),
    host.checkOci(settings),
    host.checkCgroups(),
    dataDirectory.checkDataDirectory(settings),
    dataDirectory.checkFreeSpace(settings),
    port.checkPort(settings),
    listRuntimes(context, flags).then(interpreters.checkInterpreters),
  ]);
  return findings.flat();
}

function rows({ subject, status, finding, remedy }: Finding, palette: Palette): string[][] {
  const paint = { ok: palette.good, warn: palette.doubtful, fail: palette.bad }[status];
  const row = [paint(status), subject, finding];
  return remedy === undefined ? [row] : [row, ['', '', palette.faint(remedy)]];
}

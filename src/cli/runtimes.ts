import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import type { RuntimeListing } from '../ports/environment.ts';
import type { Log } from '../ports/log.ts';
import type { CliContext } from './cli-context.ts';
import {
  configFlag,
  dataDirFlag,
  jsonFlag,
  nearestRuntimeFlag,
  runtimeFlag,
} from './settings/setting-flags.ts';
import type { SettingFlags } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { columns } from './terminal/columns.ts';
import { printJson } from './terminal/json-output.ts';
import type { Palette } from './terminal/palette.ts';
import { paletteFor } from './terminal/palette.ts';
import { withProgress } from './terminal/progress-bar.ts';

interface RuntimesFlags extends Pick<SettingFlags, 'dataDir' | 'nearestRuntime' | 'runtime' | 'config'> {
  readonly json: boolean;
}

export const runtimesCommand = buildCommand({
  docs: {
    brief: 'List the runtimes this host can run',
    fullDescription:
      'Lists which runtimes have an interpreter on this host, and why the others have none. No server is needed.',
  },
  parameters: {
    flags: {
      dataDir: dataDirFlag,
      nearestRuntime: nearestRuntimeFlag,
      runtime: runtimeFlag,
      config: configFlag,
      json: jsonFlag,
    },
  },
  async func(this: CliContext, flags: RuntimesFlags) {
    const listings = await withProgress(this, 'Looking for interpreters', () => listRuntimes(this, flags));
    if (flags.json) printJson(this, listings.map(asData));
    else {
      const palette = paletteFor(this.process.stdout, this.process.env);
      this.process.stdout.write(columns(listings.map((listing) => asRow(listing, palette))));
    }
  },
});

/** What a server with these settings could run, without starting one. */
export async function listRuntimes(context: CliContext, flags: SettingFlags): Promise<RuntimeListing[]> {
  const { dataDir, runtimes, nearestRuntime } = await readSettings(context, flags);
  const { openRuntimeCatalog } = await import('../sandbox/catalog/runtime-catalog.ts');
  const data = dataDir === undefined || dataDir === 'temporary' ? join(homedir(), '.selfsame') : dataDir;
  return openRuntimeCatalog({
    runtimesDirectory: join(data, 'runtimes'),
    configured: runtimes ?? {},
    nearestRuntime: nearestRuntime ?? false,
    fetchRuntimes: false,
    log: SILENT,
  }).list();
}

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function asData({ runtime, resolution, fetchable }: RuntimeListing): object {
  if (!resolution.available) return { runtime, available: false, fetchable, reason: resolution.reason };
  const { interpreter, version, origin, substituteFor } = resolution.installation;
  return { runtime, available: true, interpreter, version, origin, substituteFor };
}

function asRow({ runtime, resolution, fetchable }: RuntimeListing, palette: Palette): string[] {
  if (resolution.available) {
    const { interpreter, version, origin, substituteFor } = resolution.installation;
    const program = interpreter === undefined ? origin : `${version} ${interpreter} (${origin})`;
    const note = substituteFor === undefined ? '' : palette.doubtful(` stands in for ${substituteFor}`);
    return [runtime, palette.good('yes'), program + note];
  }
  if (fetchable) return [runtime, palette.doubtful('later'), `${resolution.reason} Fetched at first use.`];
  return [runtime, palette.bad('no'), resolution.reason];
}

/**
 * What can be set beside a command's own flags. A flag wins over its `SELFSAME_*` variable, that over
 * the configuration file, that over the default.
 */
import { resolve } from 'node:path';
import type { CliContext } from '../cli-context.ts';
import { UsageError } from '../cli-errors.ts';
import { readConfigurationFile } from './configuration-file.ts';
import type { SettingName, Settings } from './setting-table.ts';
import { SETTING_NAMES, SETTINGS, variableOf } from './setting-table.ts';
import type { SettingValue } from './setting-values.ts';

export type { Settings } from './setting-table.ts';

/** Relative ones count from the folder that a command is run in. */
const PATHS = ['dataDir', 'imageLayouts', 'registryAuth'] as const;

/** Flags that each add to what the file or a variable has, and how the values of several are joined. */
const REPEATED = [
  { flag: 'runtime', name: 'runtimes', separator: ',', shown: '--runtime' },
  { flag: 'broker', name: 'brokers', separator: ';', shown: '--broker' },
  { flag: 'serviceEndpoint', name: 'endpoints', separator: ',', shown: '--endpoint' },
  { flag: 'urlDomain', name: 'urlDomains', separator: ',', shown: '--url-domain' },
] as const;

/** Flags that hold settings, and those that lead to them. */
export type SettingFlags = { readonly [K in keyof Settings]: Settings[K] | undefined } & {
  readonly config?: string | undefined;
  /** `NAME=PATH`, as often as wanted. */
  readonly runtime?: readonly string[] | undefined;
  /** `NAME=ADDRESS`, as often as wanted. */
  readonly broker?: readonly string[] | undefined;
  /** `DOMAIN=FUNCTION`, as often as wanted. */
  readonly urlDomain?: readonly string[] | undefined;
  /** `SERVICE=URL`, as often as wanted. */
  readonly serviceEndpoint?: readonly string[] | undefined;
};

/** What every command has that talks to a server. */
export type ClientFlags = Pick<SettingFlags, 'endpoint' | 'region' | 'config'> & { readonly json: boolean };

/** Rejects with `UsageError` naming what cannot be understood and where it stands. */
export async function readSettings(context: CliContext, flags: SettingFlags): Promise<Settings> {
  const { env } = context.process;
  const file = await readConfigurationFile(context, flags.config ?? env['SELFSAME_CONFIG']);
  const settings: Record<string, unknown> = { ...file };
  for (const name of SETTING_NAMES) {
    const value = flags[name] ?? fromVariable(name, env[variableOf(name)]);
    if (value !== undefined) settings[name] = value;
  }
  for (const { flag, name, separator, shown } of REPEATED) {
    const texts = flags[flag];
    if (texts === undefined || texts.length === 0) continue;
    settings[name] = {
      ...(settings[name] as object | undefined),
      ...readValue(name, texts.join(separator), `The flag ${shown}`),
    };
  }
  for (const name of PATHS) {
    const path = (settings as Settings)[name];
    if (path !== undefined && !(name === 'dataDir' && path === 'temporary'))
      settings[name] = resolve(context.workingDirectory, path);
  }
  return settings as Settings;
}

function fromVariable(name: SettingName, text: string | undefined): unknown {
  // An empty variable is how shells write one that is not set.
  if (text === undefined || text === '') return undefined;
  return readValue(name, text, `The variable ${variableOf(name)}`);
}

function readValue(name: SettingName, text: string, place: string): object {
  const setting: SettingValue<unknown> = SETTINGS[name];
  const value = setting.fromText(text);
  if (value !== undefined) return value as object;
  throw new UsageError(`${place} is '${text}'.`, `Give it ${setting.expected}.`);
}

/** `selfsame.json` in the current folder, or the file that `--config` names: settings by their names. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { CliContext } from '../cli-context.ts';
import { UsageError } from '../cli-errors.ts';
import type { SettingName, Settings } from './setting-table.ts';
import { SETTING_NAMES, SETTINGS } from './setting-table.ts';
import type { SettingValue } from './setting-values.ts';

export const CONFIGURATION_FILE = 'selfsame.json';

export async function readConfigurationFile(
  context: CliContext,
  demanded: string | undefined,
): Promise<Settings> {
  const file = resolve(context.workingDirectory, demanded ?? CONFIGURATION_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && demanded === undefined) return {};
    throw new UsageError(
      `The configuration file ${file} cannot be read (${message}).`,
      'Name another one with --config.',
    );
  }
  return checked(parse(text, file), file);
}

function parse(text: string, file: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `The configuration file ${file} is not JSON: ${(error as Error).message}.`,
      'Correct it there.',
    );
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UsageError(
      `The configuration file ${file} holds no JSON object.`,
      'Write {"port": 4566}, for example.',
    );
  }
  return content as Readonly<Record<string, unknown>>;
}

function checked(content: Readonly<Record<string, unknown>>, file: string): Settings {
  const settings: Record<string, unknown> = {};
  for (const [key, json] of Object.entries(content)) {
    // Editors find a file's schema by this key.
    if (key === '$schema') continue;
    if (!isSettingName(key)) {
      throw new UsageError(
        `The configuration file ${file} has the unknown key '${key}'.`,
        `Known are ${SETTING_NAMES.join(', ')}.`,
      );
    }
    const setting: SettingValue<unknown> = SETTINGS[key];
    const value = setting.fromJson(json);
    if (value === undefined) {
      throw new UsageError(
        `In the configuration file ${file}, '${key}' is ${JSON.stringify(json)}.`,
        `Give it ${setting.expected}.`,
      );
    }
    settings[key] = key === 'dataDir' ? directory(String(value), file) : value;
  }
  return settings;
}

function isSettingName(key: string): key is SettingName {
  return Object.hasOwn(SETTINGS, key);
}

/** Relative to the file it stands in; `~` is the home directory, which no shell has put in here. */
function directory(path: string, file: string): string {
  if (path === 'temporary') return path;
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(dirname(file), path);
}

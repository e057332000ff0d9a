/** The settings by their names in the configuration file, and how each is written. */
import { ISOLATION_LEVELS, MAX_POOLED_ENVIRONMENTS } from '../../platform/options.ts';
import { LOG_LEVELS } from '../../platform/server-log.ts';
import type { SettingValue } from './setting-values.ts';
import {
  BROKERS,
  ENDPOINTS,
  HTTP_URL,
  oneOf,
  RUNTIMES,
  SWITCH,
  TEXT,
  URL_DOMAINS,
  wholeNumber,
} from './setting-values.ts';

/** More than any host holds. */
const MAX_ENVIRONMENTS = 100_000;

export const SETTINGS = {
  port: wholeNumber(65_535),
  host: TEXT,
  dataDir: TEXT,
  isolation: oneOf(ISOLATION_LEVELS),
  ociRuntime: TEXT,
  logLevel: oneOf(LOG_LEVELS),
  authorization: SWITCH,
  nearestRuntime: SWITCH,
  pooledEnvironments: wholeNumber(MAX_POOLED_ENVIRONMENTS),
  maxEnvironments: wholeNumber(MAX_ENVIRONMENTS),
  imageLayouts: TEXT,
  registryAuth: TEXT,
  runtimes: RUNTIMES,
  brokers: BROKERS,
  urlDomains: URL_DOMAINS,
  endpoints: ENDPOINTS,
  endpoint: HTTP_URL,
  region: TEXT,
} as const;

type ValueOf<V> = V extends SettingValue<infer T> ? T : never;
export type Settings = { readonly [K in keyof typeof SETTINGS]?: ValueOf<(typeof SETTINGS)[K]> };
export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** `dataDir` as `SELFSAME_DATA_DIR`. */
export function variableOf(name: SettingName): string {
  return `SELFSAME_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * Credentials for registries as container clients keep them: the `auths` of Docker's `config.json`, which Podman's
 * `auth.json` has too. The file is read whenever a registry asks, as people log in while the server runs. Nothing of what
 * it holds comes into the log or into an error. Source: Docker CLI reference, "docker login".
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { RegistryCredentials } from './registry-connection.ts';

export interface DockerConfigOptions {
  readonly file: string;
  /** A file that somebody has named must be there and be well; without it the file may be missing. */
  readonly isDemanded: boolean;
  readonly log: Log;
}

/** What is found for one registry. */
type Finding =
  | { readonly credentials: RegistryCredentials }
  /** What cannot be used, for a person. */
  | { readonly unusable: string };

type CredentialSource = (registry: string) => Promise<RegistryCredentials | undefined>;

/** Where Docker keeps it for the user who runs this. Source: Docker CLI reference, "Configuration files". */
export function dockerConfigFile(): string {
  return join(process.env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
}

/** Rejects with `PlatformError` for a file that was demanded and cannot be used. */
export async function openDockerConfig({
  file,
  isDemanded,
  log,
}: DockerConfigOptions): Promise<CredentialSource> {
  if (isDemanded) await requireConfig(file);
  const warned = new Set<string>();
  const warnOnce = (registry: string, reason: string): void => {
    if (warned.has(registry + reason)) return;
    warned.add(registry + reason);
    log.warn({ registry, file }, `A registry is asked without credentials: ${reason}`);
  };
  return async (registry) => {
    const config = await readConfig(file);
    if (config === undefined) return undefined;
    const found = typeof config === 'string' ? { unusable: config } : findingFor(config, registry);
    if (found === undefined) return undefined;
    if ('credentials' in found) return found.credentials;
    warnOnce(registry, found.unusable);
    return undefined;
  };
}

async function requireConfig(file: string): Promise<void> {
  const config = await readConfig(file);
  if (config !== undefined && typeof config !== 'string') return;
  throw new PlatformError(
    `The registry credentials cannot be used: ${config ?? `${file} is not there.`}`,
    "Name a file with the form of Docker's config.json with --registry-auth, or leave it out.",
  );
}

/** A sentence for a file that cannot be read, undefined for one that is not there. */
async function readConfig(file: string): Promise<Record<string, unknown> | string | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : `${file} cannot be read (${code}).`;
  }
  const config = parsed(text);
  return isRecord(config) ? config : `${file} is not a JSON object.`;
}

/** The parser's own words would quote the file. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function findingFor(config: Readonly<Record<string, unknown>>, registry: string): Finding | undefined {
  const helper = entryFor(config['credHelpers'], registry);
  if (typeof helper === 'string')
    return { unusable: `the credential helper docker-credential-${helper} is not run; log in without it.` };
  const entry = entryFor(config['auths'], registry);
  if (!isRecord(entry)) return undefined;
  const { identitytoken } = entry;
  const credentials = credentialsOf(entry);
  if (credentials !== undefined && (identitytoken === undefined || identitytoken === ''))
    return { credentials };
  if (typeof identitytoken === 'string' && identitytoken !== '')
    return { unusable: 'an identity token cannot be used; log in with a password or an access token.' };
  const store = config['credsStore'];
  return typeof store === 'string'
    ? { unusable: `the credential store docker-credential-${store} is not run; log in without it.` }
    : { unusable: 'its entry has neither auth nor username and password.' };
}

function credentialsOf({
  auth,
  username,
  password,
}: Readonly<Record<string, unknown>>): RegistryCredentials | undefined {
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString();
    const colon = text.indexOf(':');
    return colon < 1 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return typeof username === 'string' && typeof password === 'string' ? { username, password } : undefined;
}

/** Entries are named by the host, by its address, or by its address with the version of the protocol. */
function entryFor(entries: unknown, registry: string): unknown {
  if (!isRecord(entries)) return undefined;
  for (const [name, entry] of Object.entries(entries)) {
    const [, host] = /^(?:https?:\/\/)?([^/]+)(?:\/v[12])?\/?$/.exec(name) ?? [];
    if (host?.toLowerCase() === registry) return entry;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

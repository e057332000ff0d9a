/**
 * Reads from a registry. Source: OCI distribution specification 1.1, and Docker's "Token
 * authentication specification" for the Bearer challenge.
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { ImageProblem } from '../../ports/image-store.ts';
import type { ImageName } from './image-name.ts';
import type { FetchedManifest, ImageSource } from './image-source.ts';
import { MANIFEST_TYPES, MAX_DOCUMENT_BYTES } from './manifest.ts';
import type { RegistryAccess } from './registry-connection.ts';
import { get, readAll } from './registry-connection.ts';

export class RegistryClient implements ImageSource {
  readonly name: ImageName;
  private readonly access: RegistryAccess;
  private readonly signal: AbortSignal;
  private readonly origin: string;
  private authorization: string | undefined;

  constructor(name: ImageName, access: RegistryAccess, signal: AbortSignal) {
    this.name = name;
    this.access = access;
    this.signal = signal;
    this.origin = access.origin ?? `${isLocal(name.registry) ? 'http' : 'https'}://${name.registry}`;
  }

  /** By tag or digest. */
  async manifest(reference: string): Promise<FetchedManifest> {
    const response = await this.ask(`manifests/${reference}`, { accept: MANIFEST_TYPES.join(', ') });
    const mediaType = (response.headers['content-type'] ?? '').split(';')[0]!.trim();
    return { content: await readAll(response, MAX_DOCUMENT_BYTES), mediaType };
  }

  async blob(digest: string): Promise<Readable> {
    return this.ask(`blobs/${digest}`, {});
  }

  private async ask(path: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const url = new URL(`/v2/${this.name.repository}/${path}`, this.origin);
    let response = await this.send(url, headers);
    if (response.statusCode === 401 && (await this.answerChallenge(response))) {
      response.destroy();
      response = await this.send(url, headers);
    }
    if (response.statusCode === 200) return response;
    const words = await readAll(response, MAX_DOCUMENT_BYTES).catch(() => Buffer.alloc(0));
    throw refusal(response.statusCode ?? 0, `${this.name.uri} (${path})`, words.toString().slice(0, 300));
  }

  private send(url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const { authorization } = this;
    const sent = {
      ...headers,
      ...(authorization === undefined ? {} : { authorization }),
      ...(this.access.origin === undefined ? {} : { host: this.name.registry }),
    };
    return get(url, sent, this.signal);
  }

  /** True when there is an authorization to try that has not been tried. */
  private async answerChallenge(response: IncomingMessage): Promise<boolean> {
    const challenge = response.headers['www-authenticate'] ?? '';
    const before = this.authorization;
    if (/^basic\b/i.test(challenge)) this.authorization = await this.basic();
    else if (/^bearer\b/i.test(challenge)) this.authorization = await this.token(parameters(challenge));
    return this.authorization !== undefined && this.authorization !== before;
  }

  private async basic(): Promise<string | undefined> {
    const credentials = await this.access.credentials?.();
    if (credentials === undefined) return undefined;
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  }

  private async token(challenge: ReadonlyMap<string, string>): Promise<string | undefined> {
    const realm = challenge.get('realm');
    if (realm === undefined || !URL.canParse(realm)) return undefined;
    const url = new URL(realm);
    const service = challenge.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', challenge.get('scope') ?? `repository:${this.name.repository}:pull`);
    const authorization = mayHaveCredentials(url, this.origin) ? await this.basic() : undefined;
    const response = await get(url, authorization === undefined ? {} : { authorization }, this.signal);
    const body = await readAll(response, MAX_DOCUMENT_BYTES);
    if (response.statusCode !== 200)
      throw refusal(response.statusCode ?? 0, `the token of ${this.name.uri}`, '');
    const { token, access_token: accessToken } = parseObject(body);
    const given = token ?? accessToken;
    return typeof given === 'string' ? `Bearer ${given}` : undefined;
  }
}

function refusal(status: number, what: string, words: string): ImageProblem {
  const text = `${what}: the registry answered ${status} ${words}`.trim();
  if (status === 401 || status === 403) return new ImageProblem('access-denied', text);
  return new ImageProblem(status === 404 ? 'not-found' : 'unreachable', text);
}

/** A registry that is spoken to in secret has no token server that is not. */
function mayHaveCredentials(realm: URL, origin: string): boolean {
  return realm.protocol === 'https:' || !origin.startsWith('https:');
}

/** `Bearer realm="…",service="…"`. */
function parameters(challenge: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, value] of challenge.matchAll(/([a-z_]+)="([^"]*)"/gi))
    found.set(name!.toLowerCase(), value!);
  return found;
}

/** Registries on this machine are spoken to without TLS, as Docker does. */
function isLocal(registry: string): boolean {
  const name = registry.replace(/:\d+$/, '');
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.\d+){3}$/.test(name)
  );
}

function parseObject(json: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(json.toString());
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Falls through: whatever answered is no token server.
  }
  throw new ImageProblem('unreachable', 'the token server did not answer with a JSON object');
}

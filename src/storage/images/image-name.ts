import { ImageProblem } from '../../ports/image-store.ts';

/** `registry/repository:tag@digest` in its parts. */
export interface ImageName {
  /** Host and port as written, for example `127.0.0.1:5000`. */
  readonly registry: string;
  readonly repository: string;
  /** A tag, or a digest `sha256:…` where the name has one. */
  readonly reference: string;
  /** The name without tag and digest. */
  readonly uri: string;
}

/** Source: OCI distribution specification, "Pulling manifests". */
const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const DEFAULT_TAG = 'latest';

/** Throws `ImageProblem`. Lambda takes images from registries by their full names only. */
export function parseImageName(text: string): ImageName {
  const [named = '', digest, ...more] = text.split('@');
  const slash = named.indexOf('/');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > slash;
  const registry = named.slice(0, Math.max(slash, 0)).toLowerCase();
  const repository = named.slice(slash + 1, hasTag ? colon : undefined);
  const tag = hasTag ? named.slice(colon + 1) : DEFAULT_TAG;
  const isWell =
    isHost(registry) && REPOSITORY.test(repository) && TAG.test(tag) && more.length === 0 && isDigest(digest);
  if (!isWell) throw new ImageProblem('malformed-name', `'${text}' is not the name of an image`);
  return { registry, repository, reference: digest ?? tag, uri: `${registry}/${repository}` };
}

/** A first part without dot or port is a part of the repository, as with Docker. */
function isHost(registry: string): boolean {
  return /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:)|\[[0-9a-f:]+\])(:\d{1,5})?$/.test(registry);
}

function isDigest(digest: string | undefined): boolean {
  return digest === undefined || DIGEST.test(digest);
}

/** The hexadecimal digits of `sha256:…`; throws for another algorithm, which nothing here can check. */
export function sha256Of(digest: string): string {
  if (!DIGEST.test(digest)) throw new ImageProblem('unsupported', `the digest '${digest}' is not SHA-256`);
  return digest.slice('sha256:'.length);
}

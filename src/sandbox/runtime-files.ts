/** Where our bootstraps and the packages they bring are on this host. */
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with a bootstrap per family, beside `src` or `dist`. */
export const BOOTSTRAPS_DIRECTORY = fileURLToPath(new URL('../../runtimes/', import.meta.url));

/** The version of `aws-lambda-java-runtime-interface-client`. */
export const JAVA_CLIENT_VERSION = '2.9.0';

/** Where boto3 is kept once it has been fetched. */
export function pythonPackagesDirectory(runtimesDirectory: string): string {
  return join(runtimesDirectory, 'python-packages');
}

/** Where AWS's Java runtime interface client is kept, with its native library, in `lib` as on AWS. */
export function javaClientDirectory(runtimesDirectory: string): string {
  return join(runtimesDirectory, `java-client-${JAVA_CLIENT_VERSION}`);
}

export interface NodePackages {
  /** The `node_modules` that holds the AWS SDK. */
  readonly directory: string;
  /** Top-level names in it that the AWS SDK needs, `@aws-sdk` itself included. */
  readonly names: readonly string[];
}

let cached: Promise<NodePackages | undefined> | undefined;

/** The AWS SDK for JavaScript as it is installed with this package; undefined when it is not. Found once. */
export function findNodePackages(): Promise<NodePackages | undefined> {
  cached ??= findClosure();
  return cached;
}

async function findClosure(): Promise<NodePackages | undefined> {
  const require = createRequire(import.meta.url);
  let directory: string;
  try {
    directory = dirname(dirname(dirname(require.resolve('@aws-sdk/client-sts/package.json'))));
  } catch {
    return undefined;
  }
  const manifest = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as Manifest;
  const wanted = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@aws-sdk/'));
  const seen = new Set<string>();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (seen.has(name)) continue;
    const text = await readFile(join(directory, name, 'package.json'), 'utf8').catch(() => undefined);
    // A dependency may sit inside the package that needs it; then it comes along with that one.
    if (text === undefined) continue;
    seen.add(name);
    wanted.push(...Object.keys((JSON.parse(text) as Manifest).dependencies ?? {}));
  }
  const names = new Set([...seen].map((name) => name.split('/')[0]!));
  return { directory, names: [...names].sort() };
}

/**
 * A `node_modules` below `runtimesDirectory` with links to the AWS SDK and what it needs, and to nothing else that is
 * installed beside this package: a function must miss here what it would miss on AWS.
 */
export async function linkNodePackages(runtimesDirectory: string): Promise<string | undefined> {
  const packages = await findNodePackages();
  if (packages === undefined) return undefined;
  const links = join(runtimesDirectory, 'node-packages', 'node_modules');
  await rm(links, { recursive: true, force: true });
  await mkdir(links, { recursive: true });
  await Promise.all(packages.names.map((name) => symlink(join(packages.directory, name), join(links, name))));
  return links;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

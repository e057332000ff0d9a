/**
 * AWS's Java runtime interface client and what it needs, fetched once from Maven Central into the data directory: what
 * AWS's managed Java runtimes have in `/var/runtime/lib`.
 */
import { createHash } from 'node:crypto';
import { access, chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Entry, ZipFile } from 'yauzl';
import yauzl from 'yauzl';
import { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import { JAVA_CLIENT_VERSION, javaClientDirectory } from '../runtime-files.ts';
import { reportingProgress } from './fetch-progress.ts';
import { fetchDirectory } from './half-fetches.ts';

const REPOSITORY = 'https://repo1.maven.org/maven2/';
const CLIENT = 'aws-lambda-java-runtime-interface-client';

interface Artifact {
  readonly group: 'com/amazonaws' | 'software/amazon/awssdk';
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** Together: the client names these versions of the others. */
const ARTIFACTS: readonly Artifact[] = [
  {
    group: 'com/amazonaws',
    name: 'aws-lambda-java-core',
    version: '1.4.0',
    sha256: '575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed',
  },
  {
    group: 'com/amazonaws',
    name: 'aws-lambda-java-serialization',
    version: '1.2.0',
    sha256: '1513c1f945a3213f916a4b2de1760c97b51d84d110f82bbbcf9cfac53d5651e7',
  },
  {
    group: 'com/amazonaws',
    name: CLIENT,
    version: JAVA_CLIENT_VERSION,
    sha256: '26568a5f63bf9e921567e77661be425650abc8972bae2aa0b7e99bab4e4239d9',
  },
  {
    group: 'software/amazon/awssdk',
    name: 'utils-lite',
    version: '2.34.0',
    sha256: 'efaf784f07ae526f0b5c89d71ef21cf16636131c47d44616e3df9bedc3f4f89a',
  },
];

const EXPECTED_MEGABYTES = 5;

/** A fetch that takes longer has failed, milliseconds. */
const FETCH_TIMEOUT_MS = 5 * 60_000;

/** The architectures that AWS builds the native library for, as its file names have them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch_64' };

const inProgress = new Map<string, Promise<void>>();

export function hasJavaClient(runtimesDirectory: string): Promise<boolean> {
  return access(javaClientDirectory(runtimesDirectory)).then(
    () => true,
    () => false,
  );
}

/** Fetches it unless it is there; two callers share one fetch. Rejects when it cannot be had. */
export function provideJavaClient(runtimesDirectory: string, log: Log): Promise<void> {
  let fetch = inProgress.get(runtimesDirectory);
  if (fetch === undefined) {
    fetch = provide(runtimesDirectory, log).finally(() => inProgress.delete(runtimesDirectory));
    inProgress.set(runtimesDirectory, fetch);
  }
  return fetch;
}

async function provide(runtimesDirectory: string, log: Log): Promise<void> {
  if (await hasJavaClient(runtimesDirectory)) return;
  const work = await fetchDirectory(runtimesDirectory);
  try {
    const what = "AWS's Java runtime interface client";
    await reportingProgress({ what, directory: work, expectedMegabytes: EXPECTED_MEGABYTES, log }, () =>
      fillDirectory(work),
    );
    // Whoever the function's user is, it may read it.
    await chmod(work, 0o755);
    await rename(work, javaClientDirectory(runtimesDirectory));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fillDirectory(directory: string): Promise<void> {
  const libraries = join(directory, 'lib');
  await mkdir(libraries);
  for (const artifact of ARTIFACTS) {
    const { name, version } = artifact;
    const archive = await download(artifact);
    await writeFile(join(libraries, `${name}-${version}.jar`), archive);
    if (name === CLIENT)
      await writeFile(join(libraries, 'libaws-lambda-jni.so'), await nativeLibrary(archive));
  }
}

async function download({ group, name, version, sha256 }: Artifact): Promise<Buffer> {
  const url = `${REPOSITORY}${group}/${name}/${version}/${name}-${version}.jar`;
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const content = Buffer.from(await response.arrayBuffer());
  const digest = createHash('sha256').update(content).digest('hex');
  if (digest !== sha256) throw new Error(`${url} has the SHA-256 digest ${digest} instead of ${sha256}`);
  return content;
}

/** The client would unpack it into `/tmp` at every start; on AWS it lies beside the client too. */
async function nativeLibrary(archive: Buffer): Promise<Buffer> {
  const architecture = ARCHITECTURES[process.arch];
  const name = `jni/libaws-lambda-jni.${isGlibc() ? 'linux' : 'linux_musl'}-${architecture}.so`;
  const zip = await promisify<Buffer, { lazyEntries: true }, ZipFile>(yauzl.fromBuffer)(archive, {
    lazyEntries: true,
  });
  const entry = architecture === undefined ? undefined : await entryNamed(zip, name);
  if (entry === undefined) {
    throw new PlatformError(
      `AWS's Java client has no native library for ${process.platform} on ${process.arch}`,
      'Use a custom runtime.',
    );
  }
  const stream = await promisify(zip.openReadStream.bind(zip) as OpenEntry)(entry);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

type OpenEntry = (
  entry: Entry,
  callback: (error: Error | null, stream: NodeJS.ReadableStream) => void,
) => void;

function entryNamed(zip: ZipFile, name: string): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      if (entry.fileName === name) resolve(entry);
      else zip.readEntry();
    });
    zip.on('end', () => resolve(undefined));
    zip.on('error', reject);
    zip.readEntry();
  });
}

/** Else it is musl: Node.js was built for one of the two, and Java shares the host with it. */
function isGlibc(): boolean {
  const report = process.report?.getReport() as
    | { readonly header?: { readonly glibcVersionRuntime?: string } }
    | undefined;
  return report?.header?.glibcVersionRuntime !== undefined;
}

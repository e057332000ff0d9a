/**
 * AWS's Java runtime interface client and what it needs, fetched once from Maven Central into the data directory: what
 * AWS's managed Java runtimes have in `/var/runtime/lib`.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Entry, ZipFile } from 'yauzl';
import yauzl from 'yauzl';
import { invariant, PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import { makeReadable } from '../filesystem/readable-tree.ts';
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

/** A fetch of all artifacts that takes longer has failed, milliseconds. */
const FETCH_TIMEOUT_MS = 5 * 60_000;

/** Where there is a native library of AWS's, with the architecture as its file names have it. */
const ARCHITECTURES: Readonly<Record<string, string>> = { 'linux-x64': 'x86_64', 'linux-arm64': 'aarch_64' };
const ARCHITECTURE = ARCHITECTURES[`${process.platform}-${process.arch}`];

export interface JavaClientOptions {
  readonly log: Log;
  readonly fetch?: typeof globalThis.fetch;
  /** For all artifacts together, milliseconds. */
  readonly timeoutMs?: number;
}

const inProgress = new Map<string, Promise<void>>();

/** Whether AWS builds its native library for this operating system and architecture. */
export function isJavaClientFetchable(): boolean {
  return ARCHITECTURE !== undefined;
}

export function hasJavaClient(runtimesDirectory: string): Promise<boolean> {
  return access(javaClientDirectory(runtimesDirectory)).then(
    () => true,
    () => false,
  );
}

/** Fetches it, where it is fetchable, unless it is there; two callers share one fetch. Rejects when it cannot be had. */
export function provideJavaClient(runtimesDirectory: string, options: JavaClientOptions): Promise<void> {
  let fetch = inProgress.get(runtimesDirectory);
  if (fetch === undefined) {
    fetch = provide(runtimesDirectory, options).finally(() => inProgress.delete(runtimesDirectory));
    inProgress.set(runtimesDirectory, fetch);
  }
  return fetch;
}

async function provide(runtimesDirectory: string, options: JavaClientOptions): Promise<void> {
  if (await hasJavaClient(runtimesDirectory)) return;
  const work = await fetchDirectory(runtimesDirectory);
  try {
    const what = "AWS's Java runtime interface client";
    const progress = { what, directory: work, expectedMegabytes: EXPECTED_MEGABYTES, log: options.log };
    await reportingProgress(progress, () => fillDirectory(work, options));
    await makeReadable(work);
    await rename(work, javaClientDirectory(runtimesDirectory));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fillDirectory(
  directory: string,
  { fetch = globalThis.fetch, timeoutMs = FETCH_TIMEOUT_MS }: JavaClientOptions,
): Promise<void> {
  const libraries = join(directory, 'lib');
  await mkdir(libraries);
  const signal = AbortSignal.timeout(timeoutMs);
  for (const artifact of ARTIFACTS) {
    const { name, version } = artifact;
    const archive = await download(artifact, (url) => fetch(url, { signal }));
    await writeFile(join(libraries, `${name}-${version}.jar`), archive);
    if (name === CLIENT)
      await writeFile(join(libraries, 'libaws-lambda-jni.so'), await nativeLibrary(archive));
  }
}

async function download(
  { group, name, version, sha256 }: Artifact,
  get: (url: string) => Promise<Response>,
): Promise<Buffer> {
  const url = `${REPOSITORY}${group}/${name}/${version}/${name}-${version}.jar`;
  const content = await get(url)
    .then(async (response) => {
      if (!response.ok) throw new Error(`status ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    })
    .catch((error: Error) => {
      // What `fetch` throws says only that it failed; why is in the cause.
      const { message } = error.cause instanceof Error ? error.cause : error;
      throw new PlatformError(`${url}: ${message}`, 'Check that this host reaches Maven Central.', {
        cause: error,
      });
    });
  const digest = createHash('sha256').update(content).digest('hex');
  if (digest !== sha256) {
    throw new PlatformError(
      `${url} has the SHA-256 digest ${digest} instead of ${sha256}`,
      'Check what stands between this host and Maven Central.',
    );
  }
  return content;
}

/** The client would unpack it into `/tmp` at every start; on AWS it lies beside the client too. */
async function nativeLibrary(archive: Buffer): Promise<Buffer> {
  const name = `jni/libaws-lambda-jni.${isGlibc() ? 'linux' : 'linux_musl'}-${ARCHITECTURE}.so`;
  const zip = await promisify<Buffer, { lazyEntries: true }, ZipFile>(yauzl.fromBuffer)(archive, {
    lazyEntries: true,
  });
  const entry = await entryNamed(zip, name);
  // The archive's digest was the one expected.
  invariant(entry !== undefined, `${name} is not in AWS's Java client ${JAVA_CLIENT_VERSION}`);
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

/** One file of JavaScript from a handler and all it imports, by esbuild. */
import { dirname, relative, resolve } from 'node:path';
import type { BuildContext, BuildFailure, BuildOptions, BuildResult } from 'esbuild';
import { PlatformError } from '../../core/errors.ts';
import { runtimeIdentifier } from '../../core/runtimes.ts';
import type { PackageFile } from './folder-files.ts';
import type { Packager } from './packager.ts';
import type { NodeBundle } from './project.ts';
import { zipFiles } from './zip.ts';

/** The AWS SDK is there in every Node.js runtime. */
const IN_THE_RUNTIME = ['@aws-sdk/*'];

const FILE_MODE = 0o644;

/** What CommonJS code expects and ES modules do not have; dependencies of an ES module may be CommonJS. */
const COMMONJS_IN_MODULES = {
  banner: {
    js:
      "import { createRequire as __selfsameCreateRequire } from 'node:module';" +
      'const require = __selfsameCreateRequire(import.meta.url);',
  },
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
};

export async function openNodeBundler(
  directory: string,
  bundle: NodeBundle,
  runtime: string,
): Promise<Packager> {
  const esbuild = await import('esbuild');
  const format = bundle.format ?? (await formatOfCode(directory, bundle.entry));
  const context = await esbuild.context(bundleOptions(directory, bundle, format, runtime));
  return new NodeBundler(directory, context);
}

type BundleOptions = BuildOptions & { readonly write: false; readonly metafile: true };

function bundleOptions(
  directory: string,
  { entry, module }: NodeBundle,
  format: 'esm' | 'cjs',
  runtime: string,
): BundleOptions {
  return {
    absWorkingDir: directory,
    entryPoints: [entry],
    // A .js file without a package.json beside it is CommonJS.
    outfile: `${module}.${format === 'esm' ? 'mjs' : 'js'}`,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: `node${runtimeIdentifier(runtime)?.version ?? ''}`,
    format,
    sourcemap: true,
    external: IN_THE_RUNTIME,
    logLevel: 'silent',
    ...(format === 'esm' ? COMMONJS_IN_MODULES : {}),
  };
}

/** Where neither extension nor package.json decide, the syntax does, as in Node.js. */
async function formatOfCode(directory: string, entry: string): Promise<'esm' | 'cjs'> {
  const esbuild = await import('esbuild');
  const { metafile } = await esbuild
    .build({
      absWorkingDir: directory,
      entryPoints: [entry],
      bundle: true,
      external: ['*'],
      platform: 'node',
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'silent',
    })
    .catch(explain);
  return metafile.inputs[entry]?.format ?? 'cjs';
}

class NodeBundler implements Packager {
  foldersElsewhere: readonly string[] = [];
  private readonly directory: string;
  private readonly context: BuildContext<BundleOptions>;

  constructor(directory: string, context: BuildContext<BundleOptions>) {
    this.directory = directory;
    this.context = context;
  }

  async build(): Promise<Buffer> {
    const result = await this.context.rebuild().catch(explain);
    this.foldersElsewhere = this.sourcesElsewhere(result);
    const files = result.outputFiles.map(
      ({ path, contents }): PackageFile => ({
        kind: 'content',
        path: relative(this.directory, path),
        mode: FILE_MODE,
        content: contents,
      }),
    );
    return zipFiles(files.sort((a, b) => (a.path < b.path ? -1 : 1)));
  }

  close(): Promise<void> {
    return this.context.dispose();
  }

  private sourcesElsewhere({ metafile }: BuildResult<BundleOptions>): string[] {
    const folders = Object.keys(metafile.inputs)
      .filter((input) => !input.includes('node_modules/'))
      .map((input) => dirname(resolve(this.directory, input)))
      .filter((folder) => folder !== this.directory && !folder.startsWith(`${this.directory}/`));
    return [...new Set(folders)];
  }
}

async function explain(error: BuildFailure | Error): Promise<never> {
  if (!('errors' in error)) throw error;
  const { formatMessages } = await import('esbuild');
  const text = await formatMessages(error.errors, { kind: 'error' });
  throw new PlatformError(
    `The function cannot be built:\n${text.join('').trimEnd()}`,
    'Correct the code; a package that is missing is installed with npm install.',
  );
}

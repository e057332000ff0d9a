import { resolve } from 'node:path';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { buildCommand } from '@stricli/core';
import { PlatformError } from '../core/errors.ts';
import type { RuntimeListing } from '../ports/environment.ts';
import type { CliContext } from './cli-context.ts';
import { UsageError } from './cli-errors.ts';
import { openLambdaClient } from './client/aws-clients.ts';
import { endpointOf, reaching } from './client/server.ts';
import type { Deployment, WantedFunction } from './deployment/function-deployment.ts';
import { failureText } from './failure-text.ts';
import type { Packager } from './packaging/packager.ts';
import type { Project } from './packaging/project.ts';
import { listRuntimes } from './runtimes.ts';
import { configFlag, endpointFlag, jsonFlag, regionFlag, textFlag } from './settings/setting-flags.ts';
import type { ClientFlags, Settings } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { printJson } from './terminal/json-output.ts';
import { paletteFor } from './terminal/palette.ts';
import { withProgress } from './terminal/progress-bar.ts';

interface DeployFlags extends ClientFlags {
  readonly name?: string;
  readonly handler?: string;
  /** AWS's name of the runtime, such as `python3.13`. */
  readonly runtime?: string;
  readonly role?: string;
  readonly env?: readonly string[];
  readonly memory?: number;
  readonly timeout?: number;
  readonly watch: boolean;
}

const DEFAULT_NODE_RUNTIME = 'nodejs24.x';
const DEFAULT_CUSTOM_RUNTIME = 'provided.al2023';
/** Where the host has no Python at all, the function is stored and says so itself. */
const FALLBACK_PYTHON_RUNTIME = 'python3.13';

/** A mistake in numbers or variables is the command line's; the ranges are AWS's to refuse. */
function parseWholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new SyntaxError('expected a whole number');
  return Number(text);
}

export const deployCommand = buildCommand({
  docs: {
    brief: 'Make a function of a folder, or bring it up to date',
    fullDescription:
      'Finds out what the folder holds: Node.js (package.json, JavaScript, TypeScript), Python (.py), or a custom ' +
      'runtime (an executable named bootstrap). TypeScript, and JavaScript with dependencies in package.json, ' +
      'become one file with a source map; only code that is imported is in it, and @aws-sdk is taken from the ' +
      'runtime. Other folders are packaged as they are, without .git, .venv and __pycache__; what ' +
      'requirements.txt names is installed into the package by pip.\n' +
      'Then creates the function or updates it, and waits until it can be invoked. On an existing function, ' +
      'what no flag names stays as it is.',
  },
  parameters: {
    flags: {
      name: textFlag('name', "Function name; default package.json's name, or the folder's"),
      handler: textFlag('module.function', 'Handler; default is found in the folder'),
      runtime: textFlag(
        'name',
        'Runtime, such as python3.13; default by the language and what this host has',
      ),
      role: textFlag('arn', 'Execution role'),
      env: {
        kind: 'parsed',
        parse: String,
        optional: true,
        variadic: true,
        placeholder: 'KEY=VALUE',
        brief: 'Environment variable; those given replace all that there were',
      },
      memory: {
        kind: 'parsed',
        parse: parseWholeNumber,
        optional: true,
        placeholder: 'MB',
        brief: 'Memory, 128 to 10240 MB',
      },
      timeout: {
        kind: 'parsed',
        parse: parseWholeNumber,
        optional: true,
        placeholder: 'seconds',
        brief: 'Time-out, 1 to 900 seconds',
      },
      watch: { kind: 'boolean', default: false, withNegated: false, brief: 'Deploy again on every save' },
      endpoint: endpointFlag,
      region: regionFlag,
      config: configFlag,
      json: jsonFlag,
    },
    aliases: { n: 'name', w: 'watch', e: 'env' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Folder of the function', placeholder: 'dir', parse: String }],
    },
  },
  async func(this: CliContext, flags: DeployFlags, directory: string) {
    const { endpoint, region, config } = flags;
    const settings = await readSettings(this, { endpoint, region, config });
    const { findProject } = await import('./packaging/project.ts');
    const project = await findProject(resolve(this.workingDirectory, directory), {
      handler: flags.handler,
      runtime: flags.runtime,
    });
    const wanted = wantedFunction(project, flags, await chooseRuntime(this, project, flags));
    const { openPackager } = await import('./packaging/project-packager.ts');
    const packager = await openPackager(project, wanted.runtime.runtime, wanted.runtime.interpreter);
    const client = await openLambdaClient(this, settings);
    const deployer = new Deployer(this, settings, client, packager, wanted.function, flags.json);
    try {
      if (flags.watch) await deployer.watch(project.directory);
      else await deployer.deploy(undefined);
    } finally {
      client.destroy();
      await packager.close();
    }
  },
});

interface ChosenRuntime {
  readonly runtime: string;
  /** Absolute path on this host, for packages that must fit it. */
  readonly interpreter: string | undefined;
}

async function chooseRuntime(
  context: CliContext,
  project: Project,
  { runtime: demanded, config }: DeployFlags,
): Promise<ChosenRuntime> {
  switch (project.source.kind) {
    case 'node-bundle':
    case 'node-folder':
      return { runtime: demanded ?? DEFAULT_NODE_RUNTIME, interpreter: undefined };
    case 'bootstrap-folder':
      return { runtime: demanded ?? DEFAULT_CUSTOM_RUNTIME, interpreter: undefined };
    case 'python-folder':
      return choosePython(await listRuntimes(context, { config }), demanded);
  }
}

/** The newest Python of this host itself, since the server that runs it is here as well. */
function choosePython(listings: readonly RuntimeListing[], demanded: string | undefined): ChosenRuntime {
  const here = listings.flatMap(({ runtime, resolution }) =>
    runtime.startsWith('python') &&
    resolution.available &&
    (runtime === demanded || resolution.installation.substituteFor === undefined)
      ? [{ runtime, interpreter: resolution.installation.interpreter }]
      : [],
  );
  if (demanded !== undefined) {
    const found = here.find(({ runtime }) => runtime === demanded);
    return found ?? { runtime: demanded, interpreter: undefined };
  }
  return here.at(-1) ?? { runtime: FALLBACK_PYTHON_RUNTIME, interpreter: undefined };
}

function wantedFunction(
  project: Project,
  flags: DeployFlags,
  runtime: ChosenRuntime,
): { readonly function: WantedFunction; readonly runtime: ChosenRuntime } {
  return {
    runtime,
    function: {
      name: flags.name ?? project.name,
      runtime: runtime.runtime,
      handler: project.handler,
      role: flags.role,
      environment: environmentOf(flags.env),
      // Without this Node.js shows where an error was in the bundle, not in the source.
      defaultEnvironment:
        project.source.kind === 'node-bundle' ? { NODE_OPTIONS: '--enable-source-maps' } : {},
      memoryMb: flags.memory,
      timeoutSeconds: flags.timeout,
    },
  };
}

function environmentOf(pairs: readonly string[] | undefined): Record<string, string> | undefined {
  if (pairs === undefined || pairs.length === 0) return undefined;
  return Object.fromEntries(
    pairs.map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      if (equals <= 0)
        throw new UsageError(`The variable '${pair}' has no value.`, 'Write --env NAME=VALUE.');
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** Builds, sends and tells of it; once, or at every save. */
class Deployer {
  private readonly context: CliContext;
  private readonly settings: Settings;
  private readonly client: LambdaClient;
  private readonly packager: Packager;
  private readonly wanted: WantedFunction;
  private readonly json: boolean;

  constructor(
    context: CliContext,
    settings: Settings,
    client: LambdaClient,
    packager: Packager,
    wanted: WantedFunction,
    json: boolean,
  ) {
    this.context = context;
    this.settings = settings;
    this.client = client;
    this.packager = packager;
    this.wanted = wanted;
    this.json = json;
  }

  /** `changed` are the names of the files that were saved; undefined the first time. */
  async deploy(changed: readonly string[] | undefined): Promise<void> {
    const { deployFunction } = await import('./deployment/function-deployment.ts');
    const begun = this.context.monotonic();
    const zip = await withProgress(this.context, 'Packaging', () => this.packager.build());
    const deployment = await withProgress(this.context, `Deploying ${this.wanted.name}`, () =>
      reaching(endpointOf(this.settings), () => deployFunction(this.client, this.wanted, zip)),
    );
    this.print(deployment, changed, Math.round(this.context.monotonic() - begun));
  }

  /** Until interrupted. What fails is told, and the next save tries again. */
  async watch(directory: string): Promise<void> {
    const { FolderWatch } = await import('./deployment/folder-watch.ts');
    const folders = new FolderWatch(this.context.interruption());
    await folders.add(directory);
    await this.attempt(undefined);
    for (;;) {
      await Promise.all(this.packager.foldersElsewhere.map((folder) => folders.add(folder)));
      const changed = await folders.next();
      if (changed === undefined) return;
      await this.attempt(changed);
    }
  }

  private async attempt(changed: readonly string[] | undefined): Promise<void> {
    try {
      await this.deploy(changed);
    } catch (error) {
      // Code that does not build, or that AWS's checks refuse, is what saving again mends.
      if (!(error instanceof PlatformError) && !isServiceError(error)) throw error;
      const { bad } = paletteFor(this.context.process.stderr, this.context.process.env);
      this.context.process.stderr.write(`${bad(failureText(error))}\n`);
    }
  }

  private print({ action, configuration }: Deployment, changed: readonly string[] | undefined, ms: number) {
    const { FunctionName, FunctionArn, Runtime, Handler, CodeSize, CodeSha256, State } = configuration;
    if (this.json) {
      printJson(this.context, {
        action,
        functionName: FunctionName,
        functionArn: FunctionArn,
        runtime: Runtime,
        handler: Handler,
        codeSize: CodeSize,
        codeSha256: CodeSha256,
        state: State,
        milliseconds: ms,
      });
      return;
    }
    const cause = changed === undefined ? '' : `${changed.join(', ')}: `;
    this.context.process.stdout.write(
      `${cause}${action} ${FunctionName} (${Runtime}, ${Handler}, ${CodeSize} bytes) in ${ms} ms\n`,
    );
  }
}

function isServiceError(error: unknown): boolean {
  return error instanceof Error && '$fault' in error;
}

/**
 * Finds an interpreter for a runtime name: a configured path, one of that version on the host, the
 * Node.js this server runs on, a package fetched once; else the nearest version, where allowed.
 */
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import type { RuntimeIdentifier } from '../../core/runtimes.ts';
import { RUNNABLE_RUNTIMES, runtimeIdentifier } from '../../core/runtimes.ts';
import type {
  RuntimeCatalog,
  RuntimeInstallation,
  RuntimeListing,
  RuntimeResolution,
} from '../../ports/environment.ts';
import type { Log } from '../../ports/log.ts';
import { fetchedNode, fetchNode, isNodeFetchable } from './fetched-node.ts';
import type { HostInterpreter, InterpretedFamily } from './host-interpreters.ts';
import { hostInterpreters, interpreterVersion } from './host-interpreters.ts';
import { hasJavaClient, isJavaClientFetchable, provideJavaClient } from './java-client.ts';
import { providePythonPackages } from './python-packages.ts';

const LANGUAGES: Readonly<Record<InterpretedFamily, string>> = {
  nodejs: 'Node.js',
  python: 'Python',
  ruby: 'Ruby',
  java: 'Java',
};

type InterpretedRuntime = RuntimeIdentifier & { readonly family: InterpretedFamily };

export interface RuntimeCatalogOptions {
  readonly runtimesDirectory: string;
  /** Absolute paths of interpreters by runtime name. */
  readonly configured: Readonly<Record<string, string>>;
  readonly nearestRuntime: boolean;
  /** Fetch what this host lacks: Node.js with npm, boto3 with pip, AWS's Java client from Maven Central. */
  readonly fetchRuntimes: boolean;
  readonly log: Log;
}

export function openRuntimeCatalog(options: RuntimeCatalogOptions): RuntimeCatalog {
  return new Catalog(options);
}

class Catalog implements RuntimeCatalog {
  private readonly options: RuntimeCatalogOptions;
  private readonly resolved = new Map<string, Promise<RuntimeResolution>>();
  private host: Promise<readonly HostInterpreter[]> | undefined;

  constructor(options: RuntimeCatalogOptions) {
    this.options = options;
  }

  resolve(runtime: string): Promise<RuntimeResolution> {
    let resolution = this.resolved.get(runtime);
    if (resolution === undefined) {
      resolution = this.provide(runtime);
      this.resolved.set(runtime, resolution);
      // What cannot be had now may be there later: another try, another look.
      void resolution.then(({ available }) => {
        if (available) return;
        this.resolved.delete(runtime);
        this.host = undefined;
      });
    }
    return resolution;
  }

  async list(): Promise<RuntimeListing[]> {
    return Promise.all(
      RUNNABLE_RUNTIMES.map(async (runtime) => {
        const resolution = await this.find(runtime, false);
        const { family } = runtimeIdentifier(runtime)!;
        if (family === 'java' && resolution.available) return this.javaListing(runtime, resolution);
        return {
          runtime,
          resolution,
          fetchable: !resolution.available && family === 'nodejs' && isNodeFetchable(),
        };
      }),
    );
  }

  private async provide(runtime: string): Promise<RuntimeResolution> {
    const { runtimesDirectory, fetchRuntimes, log } = this.options;
    const resolution = await this.find(runtime, fetchRuntimes);
    if (!resolution.available) return resolution;
    const { family, interpreter } = resolution.installation;
    if (family === 'python' && interpreter !== undefined)
      await providePythonPackages(interpreter, { runtimesDirectory, mayFetch: fetchRuntimes, log });
    return family === 'java' ? this.withJavaClient(resolution) : resolution;
  }

  /** Java alone runs no function: AWS's client must be there, or be had. */
  private async withJavaClient(java: RuntimeResolution): Promise<RuntimeResolution> {
    const { runtimesDirectory, fetchRuntimes, log } = this.options;
    const missing = "AWS's Java runtime interface client is not on this host";
    if (await hasJavaClient(runtimesDirectory)) return java;
    if (!isJavaClientFetchable()) return unavailable(noJavaClient());
    if (!fetchRuntimes) return unavailable(`${missing}, and fetching is switched off.`);
    return provideJavaClient(runtimesDirectory, { log }).then(
      () => java,
      (error: Error) => unavailable(`${missing} and could not be fetched: ${sentences(error)}`),
    );
  }

  private async javaListing(runtime: string, java: RuntimeResolution): Promise<RuntimeListing> {
    if (await hasJavaClient(this.options.runtimesDirectory))
      return { runtime, resolution: java, fetchable: false };
    if (!isJavaClientFetchable())
      return { runtime, resolution: unavailable(noJavaClient()), fetchable: false };
    const reason = "AWS's Java runtime interface client is not on this host; Java itself is.";
    return { runtime, resolution: unavailable(reason), fetchable: true };
  }

  private async find(runtime: string, mayFetch: boolean): Promise<RuntimeResolution> {
    const identifier = runtimeIdentifier(runtime);
    if (identifier === undefined) return unavailable(`There is no runtime named ${runtime}.`);
    if (identifier.family === 'provided')
      return found({ runtime, family: 'provided', directories: [], origin: 'the function brings it' });
    if (!isInterpreted(identifier)) {
      return unavailable(
        `This version of selfsame cannot run ${runtime}: no runtime of the family ${identifier.family} yet.`,
      );
    }
    const configured = this.options.configured[runtime];
    if (configured !== undefined) return this.fromConfiguration(identifier, configured);
    const candidates = await this.candidates(identifier.family);
    const exact = candidates.find(({ version }) => isVersion(version, identifier.version));
    if (exact !== undefined) return found(installation(identifier, exact));
    if (identifier.family === 'nodejs') {
      const fetched = await this.nodePackage(identifier, mayFetch);
      if (fetched.available || !this.options.nearestRuntime) return fetched;
    }
    return this.nearest(identifier, candidates);
  }

  private async fromConfiguration(
    identifier: InterpretedRuntime,
    configured: string,
  ): Promise<RuntimeResolution> {
    // Sandboxes show the prefix of where it really is. A Python of a virtual environment is one by its link.
    const path =
      identifier.family === 'python' ? configured : await realpath(configured).catch(() => configured);
    const version = await interpreterVersion(path);
    if (version === undefined)
      return unavailable(`The interpreter configured for ${identifier.name}, ${configured}, does not run.`);
    return found(installation(identifier, { path, version, origin: 'configured' }));
  }

  private async candidates(family: InterpretedFamily): Promise<HostInterpreter[]> {
    this.host ??= hostInterpreters();
    return (await this.host).filter((interpreter) => interpreter.family === family);
  }

  private async nodePackage(identifier: InterpretedRuntime, mayFetch: boolean): Promise<RuntimeResolution> {
    const { runtimesDirectory, log } = this.options;
    try {
      const path =
        (await fetchedNode(runtimesDirectory, identifier.version)) ??
        (mayFetch ? await fetchNode(runtimesDirectory, identifier.version, log) : undefined);
      if (path === undefined) return unavailable(`Node.js ${identifier.version} is not on this host.`);
      const version = await interpreterVersion(path);
      if (version === undefined)
        return unavailable(`The Node.js ${identifier.version} that was fetched does not run on this host.`);
      return found(installation(identifier, { path, version, origin: 'fetched as an npm package' }));
    } catch (error) {
      return unavailable(
        `Node.js ${identifier.version} is not on this host and could not be fetched: ${sentences(error as Error)}`,
      );
    }
  }

  private nearest(identifier: InterpretedRuntime, candidates: readonly HostInterpreter[]): RuntimeResolution {
    const wanted = numeric(identifier.version);
    const [best] = candidates
      // What was compiled for one version of Java runs on all later ones and on no earlier one.
      .filter(({ family, version }) => family !== 'java' || numeric(version) >= wanted)
      .sort((a, b) => Math.abs(numeric(a.version) - wanted) - Math.abs(numeric(b.version) - wanted));
    const name = `${LANGUAGES[identifier.family]} ${identifier.version}`;
    if (candidates.length === 0)
      return unavailable(`${name} is not on this host, nor any other version of it.`);
    if (best === undefined || !this.options.nearestRuntime) {
      const remedies = [
        'Install it',
        'configure its path',
        'allow the nearest version with --nearest-runtime',
      ];
      const open = best === undefined ? remedies.slice(0, 2) : remedies;
      return unavailable(
        `${name} is not on this host (found: ${candidates.map(({ version }) => version).join(', ')}). ` +
          `${open.slice(0, -1).join(', ')}${open.length > 2 ? ',' : ''} or ${open.at(-1)}.`,
      );
    }
    return found({ ...installation(identifier, best), substituteFor: identifier.version });
  }
}

function installation(
  identifier: InterpretedRuntime,
  { path, version, origin }: { path: string; version: string; origin: string },
): RuntimeInstallation {
  return {
    runtime: identifier.name,
    family: identifier.family,
    interpreter: path,
    version,
    directories: [dirname(dirname(path))],
    origin,
  };
}

function isInterpreted(identifier: RuntimeIdentifier): identifier is InterpretedRuntime {
  return identifier.family in LANGUAGES;
}

function isVersion(version: string, wanted: string): boolean {
  return version === wanted || version.startsWith(`${wanted}.`);
}

/** `3.11.7` as 3.11007: order enough to find a neighbour. */
function numeric(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major + minor / 1_000;
}

function noJavaClient(): string {
  return `AWS has no Java runtime interface client for ${process.platform} on ${process.arch}; bring it in a custom runtime.`;
}

/** What happened, and what to do where that is known. */
function sentences(error: Error): string {
  const said = error.message.replace(/\.?$/, '.');
  return error instanceof PlatformError ? `${said} ${error.remedy}` : said;
}

function found(installed: RuntimeInstallation): RuntimeResolution {
  return { available: true, installation: installed };
}

function unavailable(reason: string): RuntimeResolution {
  return { available: false, reason };
}

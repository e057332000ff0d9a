/** What runtimes have compiled of functions, kept for the environments that come later. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EnvironmentSpec, IsolationLevel, RuntimeInstallation } from '../../ports/environment.ts';
import type { Log } from '../../ports/log.ts';

/** Of less, it takes longer to hand it over than to compile it again, bytes. */
const MIN_CODE_BYTES = 64 * 1024;
/** Room for it in an environment, bytes. */
export const COMPILED_BYTES = 32 * 1024 * 1024;

/** Functions that are remembered; those beyond are forgotten, and start once more without keeping anything. */
const MAX_STARTED = 10_000;

/** Inside a sandbox. */
export const COMPILED_DIRECTORY = '/var/compiled';
/** Names the directory to a bootstrap, which then waits for COMPILED. */
export const COMPILED_VARIABLE = 'SELFSAME_COMPILED';

/** For an environment that is about to start. */
export interface CompiledOffer {
  /** Empty where there is none yet, and this environment's is wanted. */
  readonly code: Uint8Array;
  readonly keep: ((code: Uint8Array) => void) | undefined;
  /** The environment has ended, or did not begin. */
  end(): void;
}

export class CompiledCode {
  private readonly level: IsolationLevel;
  private readonly log: Log;
  /** Files of functions that have started once here: the first start, often the only one, does no more than it must. */
  private readonly started = new Set<string>();
  /** Files that an environment fills. */
  private readonly wanted = new Set<string>();

  /** At each level the code lies elsewhere, and what was compiled of it is good for that place alone. */
  constructor(level: IsolationLevel, log: Log) {
    this.level = level;
    this.log = log;
  }

  /** Undefined where the code is to be compiled as ever. */
  async offer({ compiledFile, installation }: EnvironmentSpec): Promise<CompiledOffer | undefined> {
    if (compiledFile === undefined || !canCompile(installation)) return undefined;
    const file = `${compiledFile}-${this.level}`;
    const code = await readFile(file).catch(() => undefined);
    if (code !== undefined) return code.length === 0 ? undefined : { code, keep: undefined, end: () => {} };
    if (!this.started.has(file)) {
      if (this.started.size >= MAX_STARTED) this.started.clear();
      this.started.add(file);
      return undefined;
    }
    if (this.wanted.has(file)) return undefined;
    this.wanted.add(file);
    return {
      code: new Uint8Array(),
      keep: (made) => void this.keep(file, made),
      end: () => this.wanted.delete(file),
    };
  }

  /** An empty file says that it is not worth it. */
  private async keep(file: string, code: Uint8Array): Promise<void> {
    const isWorthIt = code.byteLength >= MIN_CODE_BYTES && code.byteLength <= COMPILED_BYTES;
    const unfinished = `${file}.unfinished`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(unfinished, isWorthIt ? code : new Uint8Array());
      await rename(unfinished, file);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      this.log.warn({ file, error: String(error) }, 'What a runtime has compiled could not be kept.');
    }
  }
}

/** Whether its bootstrap can hand compiled code over. Source: Node.js, `module.flushCompileCache`: since 22.10. */
export function canCompile({ family, version = '' }: RuntimeInstallation): boolean {
  if (family === 'python') return true;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return family === 'nodejs' && (major > 22 || (major === 22 && minor >= 10));
}

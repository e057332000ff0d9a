import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from '../../core/errors.ts';

const run = promisify(execFile);

/** pip reports every package it takes; more text than this is not read, bytes. */
const MAX_OUTPUT_BYTES = 16 * 1024 ** 2;

/** What requirements.txt names, installed by pip into a temporary folder; again only when it changes. */
export class PythonPackages {
  private readonly directory: string;
  private readonly runtime: string;
  private readonly interpreter: string | undefined;
  private installed: { readonly requirements: string; readonly folder: string } | undefined;

  constructor(directory: string, runtime: string, interpreter: string | undefined) {
    this.directory = directory;
    this.runtime = runtime;
    this.interpreter = interpreter;
  }

  /** The folder with the packages in it. */
  async install(): Promise<string> {
    const requirements = await readFile(join(this.directory, 'requirements.txt'), 'utf8');
    if (this.installed?.requirements === requirements) return this.installed.folder;
    await this.remove();
    const folder = await mkdtemp(join(tmpdir(), 'selfsame-pip-'));
    this.installed = { requirements, folder };
    try {
      await this.runPip(folder);
    } catch (error) {
      await this.remove();
      throw error;
    }
    return folder;
  }

  async remove(): Promise<void> {
    const { installed } = this;
    this.installed = undefined;
    if (installed !== undefined) await rm(installed.folder, { recursive: true, force: true });
  }

  /** By the interpreter that will run the function: packages with compiled code fit one version only. */
  private async runPip(folder: string): Promise<void> {
    const { interpreter } = this;
    if (interpreter === undefined) {
      throw new PlatformError(
        `The packages of requirements.txt cannot be installed: ${this.runtime} is not on this host.`,
        'Install that version of Python, or choose another one with --runtime.',
      );
    }
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    try {
      await run(interpreter, [...args, '--requirement', 'requirements.txt', '--target', folder], {
        cwd: this.directory,
        maxBuffer: MAX_OUTPUT_BYTES,
        env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
      });
    } catch (error) {
      throw explained(error as Error & { stderr?: string }, interpreter);
    }
  }
}

function explained(error: Error & { stderr?: string }, interpreter: string): PlatformError {
  const text = (error.stderr || error.message).trim();
  if (text.includes('No module named pip')) {
    return new PlatformError(
      `The packages of requirements.txt cannot be installed: ${interpreter} has no pip.`,
      `Install it (${interpreter} -m ensurepip), or put the packages into the folder yourself.`,
    );
  }
  return new PlatformError(
    `pip could not install the packages of requirements.txt:\n${text}`,
    'Correct requirements.txt, or how pip reaches its index.',
  );
}

/** An interpreter that is found only when a test lets it be: functions with it stay Pending until then. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GatedRuntime {
  /** Absolute path, for the option `runtimes`. */
  readonly path: string;
  /** From now on it says its version. */
  open(): Promise<void>;
  remove(): Promise<void>;
}

export async function gatedRuntime(version: string): Promise<GatedRuntime> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-test-gate-'));
  const path = join(directory, 'python3');
  const gate = join(directory, 'open');
  const script = `#!/bin/sh\nwhile [ ! -e ${gate} ]; do sleep 0.02; done\necho "Python ${version}"\n`;
  await writeFile(path, script, { mode: 0o755 });
  return {
    path,
    open: () => writeFile(gate, ''),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

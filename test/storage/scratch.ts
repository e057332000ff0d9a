import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** An empty directory that is gone after the test. */
export async function scratchDirectory(test: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  test.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

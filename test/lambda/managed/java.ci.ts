/**
 * Java functions on managed instances: AWS's own interface client takes several events at once, in threads of one JVM,
 * where `AWS_LAMBDA_MAX_CONCURRENCY` is set. Source: "Java runtime for Lambda Managed Instances".
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { managedFunctions } from './managed-functions.ts';

const run = promisify(execFile);
const EVENTS = 4;

/** Nobody goes on before all are there. */
const SOURCE = `
import java.util.Map;
import java.util.concurrent.CountDownLatch;

public class Meeting {
  private static final CountDownLatch ABSENT = new CountDownLatch(${EVENTS});

  public Object handle(Map<String, Object> event) throws InterruptedException {
    ABSENT.countDown();
    ABSENT.await();
    return Map.of("pid", ProcessHandle.current().pid(), "thread", Thread.currentThread().getId());
  }
}
`;

let scratch: string;
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  await writeFile(join(scratch, 'Meeting.java'), SOURCE);
  await run('javac', ['-d', scratch, join(scratch, 'Meeting.java')]);
});
after(() => rm(scratch, { recursive: true }));

test('events meet in the threads of one JVM', async (context) => {
  const java = (await run('sh', ['-c', 'command -v java'])).stdout.trim();
  // Of AWS's Java runtimes those from 21 on are on managed instances; whichever Java is here stands in.
  const platform = await startedPlatform(context, { fetchRuntimes: true, runtimes: { java21: java } });
  using functions = managedFunctions(platform);
  await functions.createProvider();
  const code = await zipOf({ 'Meeting.class': await readFile(join(scratch, 'Meeting.class')) });
  const settings = { code, Runtime: 'java21', Handler: 'Meeting::handle', maxConcurrency: EVENTS } as const;
  await functions.create('java', settings, { min: 1, max: 1 });
  const texts = await Promise.all(Array.from({ length: EVENTS }, () => functions.invoke('java', {})));
  const answers = texts.map((text) => JSON.parse(text) as { readonly pid: number; readonly thread: number });
  assert.equal(new Set(answers.map(({ pid }) => pid)).size, 1);
  assert.equal(new Set(answers.map(({ thread }) => thread)).size, EVENTS);
});

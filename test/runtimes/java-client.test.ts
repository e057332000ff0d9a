/** The fetch of AWS's Java client where it does not go well. Nothing is fetched from outside here. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { PlatformError } from '../../src/core/errors.ts';
import { hasJavaClient, provideJavaClient } from '../../src/sandbox/catalog/java-client.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const FIRST =
  'https://repo1.maven.org/maven2/com/amazonaws/aws-lambda-java-core/1.4.0/aws-lambda-java-core-1.4.0.jar';

/** SHA-256 of `tampered`. */
const TAMPERED_DIGEST = 'd121be3103007b41edf96f8262925f8c7d61894afe9a041843b631f69445bc57';

test('what has another digest than AWS’s client is not kept, and the next use tries again', async (context) => {
  const directory = await scratchDirectory(context);
  const asked: string[] = [];
  const fetch = async (url: unknown): Promise<Response> => {
    asked.push(String(url));
    return new Response('tampered');
  };
  const provided = () => provideJavaClient(directory, { log: LOG, fetch });
  const message = `${FIRST} has the SHA-256 digest ${TAMPERED_DIGEST} instead of 575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed`;
  await assert.rejects(provided(), { message });
  assert.equal(await hasJavaClient(directory), false);
  assert.deepEqual(await readdir(directory), [], 'nothing is left of it');
  await assert.rejects(provided());
  assert.deepEqual(asked, [FIRST, FIRST]);
});

test('two that need it at once share one fetch, and its failure', async (context) => {
  const directory = await scratchDirectory(context);
  let asked = 0;
  const fetch = async (): Promise<Response> => {
    asked++;
    return new Response('gone', { status: 503 });
  };
  const outcomes = await Promise.allSettled(
    [1, 2].map(() => provideJavaClient(directory, { log: LOG, fetch })),
  );
  assert.equal(asked, 1);
  for (const outcome of outcomes)
    assert.equal(outcome.status === 'rejected' && outcome.reason.message, `${FIRST}: status 503`);
});

test('without a network the reason says what was not reached, and what to check', async (context) => {
  const directory = await scratchDirectory(context);
  // A port that was free a moment ago.
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const fetch = (): Promise<Response> => globalThis.fetch(`http://127.0.0.1:${port}/`);
  await assert.rejects(provideJavaClient(directory, { log: LOG, fetch }), (error: PlatformError) => {
    assert.equal(error.message, `${FIRST}: connect ECONNREFUSED 127.0.0.1:${port}`);
    assert.equal(error.remedy, 'Check that this host reaches Maven Central.');
    return true;
  });
  assert.deepEqual(await readdir(directory), []);
});

test('a repository that does not answer is given up', async (context) => {
  const directory = await scratchDirectory(context);
  // Keeps the server waiting, as the timer of a signal alone does not.
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const fetch: typeof globalThis.fetch = (_url, init) => globalThis.fetch(`http://127.0.0.1:${port}/`, init);
  await assert.rejects(provideJavaClient(directory, { log: LOG, fetch, timeoutMs: 1 }), {
    message: `${FIRST}: The operation was aborted due to timeout`,
  });
  assert.deepEqual(await readdir(directory), []);
});

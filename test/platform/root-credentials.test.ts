import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { PlatformError } from '../../src/core/errors.ts';
import { randomIds } from '../../src/platform/random-ids.ts';
import { rootCredentials } from '../../src/platform/root-credentials.ts';
import { scratchDirectory } from '../storage/scratch.ts';

test('on loopback the root has the pair that every local client is told to use', async (context) => {
  const directory = await scratchDirectory(context);
  const { accessKeyId, secretAccessKey, file } = await rootCredentials(true, directory, randomIds);
  assert.deepEqual([accessKeyId, secretAccessKey, file], ['test', 'test', undefined]);
});

test('a server that others can reach has a pair of its own, kept for its owner alone', async (context) => {
  const directory = await scratchDirectory(context);
  const made = await rootCredentials(false, directory, randomIds);
  assert.match(made.accessKeyId, /^AKIA[0-9A-F]{16}$/);
  assert.ok(made.secretAccessKey.length >= 40);
  assert.equal((await stat(made.file!)).mode & 0o777, 0o600);
  assert.deepEqual(await rootCredentials(false, directory, randomIds), made);
  assert.notEqual(
    (await rootCredentials(false, await scratchDirectory(context), randomIds)).secretAccessKey,
    made.secretAccessKey,
  );
});

test('a damaged file is named, with what to do, and left as it is', async (context) => {
  const directory = await scratchDirectory(context);
  const { file } = await rootCredentials(false, directory, randomIds);
  await writeFile(file!, '{"accessKeyId": "AKIA"}');
  await assert.rejects(
    rootCredentials(false, directory, randomIds),
    (error) => error instanceof PlatformError && error.message.includes(file!) && error.remedy !== '',
  );
  assert.equal(await readFile(file!, 'utf8'), '{"accessKeyId": "AKIA"}');
});

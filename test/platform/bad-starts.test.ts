/** Starts that cannot be: each is refused with the value and the remedy, and leaves things as they were. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PlatformError } from '../../src/core/errors.ts';
import type { StartOptions } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { startedPlatform } from '../kit/started-platform.ts';
import { startChild } from '../storage/child.ts';
import { scratchDirectory } from '../storage/scratch.ts';

/** Where nobody may make a directory, root neither. */
const UNWRITABLE = '/proc/selfsame-data';

async function refused(options: StartOptions): Promise<PlatformError> {
  const settled = await start({ port: 0, logLevel: 'silent', ...options }).then(
    async (platform) => {
      await platform.close();
      return undefined;
    },
    (error: unknown) => error,
  );
  assert.ok(settled instanceof PlatformError, `expected a refusal, got ${String(settled)}`);
  assert.notEqual(settled.remedy, '');
  return settled;
}

/** Files that this process holds open, its threads included. */
async function openFilesIn(directory: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const files = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return files.filter((file) => file.startsWith(directory));
}

describe('a start is refused', () => {
  for (const pooledEnvironments of [-1, 1.5, 1_001]) {
    test(`with ${pooledEnvironments} pooled environments`, async () => {
      const { message, remedy } = await refused({ dataDir: 'temporary', pooledEnvironments });
      assert.equal(
        message,
        `The number of pooled environments, ${pooledEnvironments}, is not a whole number from 0 to 1000.`,
      );
      assert.equal(remedy, 'Choose another --pooled-environments.');
    });
  }

  for (const maxEnvironments of [0, 2.5]) {
    test(`with ${maxEnvironments} environments at once`, async () => {
      const { message, remedy } = await refused({ dataDir: 'temporary', maxEnvironments });
      assert.equal(
        message,
        `The number of environments at once, ${maxEnvironments}, is not a whole number from 1 on.`,
      );
      assert.equal(remedy, 'Choose another --max-environments, or leave it out.');
    });
  }

  test('with a domain that can lead to no function URL', async () => {
    const { message } = await refused({
      dataDir: 'temporary',
      urlDomains: { 'good.example.test': 'orders:live', localhost: 'orders' },
    });
    assert.equal(message, "The domain localhost cannot lead to the function URL 'orders'.");
  });

  const ENDPOINTS: readonly (readonly [
    name: string,
    endpoints: Record<string, string>,
    message: RegExp,
    remedy: RegExp,
  ])[] = [
    [
      'of a service that nobody knows',
      { sqz: 'http://127.0.0.1:1' },
      /'sqz' of an endpoint is unknown/,
      /dynamodb, .* sqs/,
    ],
    [
      'of a service that has to be here',
      { lambda: 'http://127.0.0.1:1' },
      /lambda cannot be at another endpoint/,
      /Leave it out/,
    ],
    [
      'that is no address',
      { sqs: 'ftp://127.0.0.1' },
      /'ftp:\/\/127\.0\.0\.1' of sqs is no address/,
      /https:\/\/sqs/,
    ],
    ['that is this server', { sqs: 'http://localhost:4566' }, /of sqs is this server itself/, /--port/],
    [
      'of streams without their tables',
      { dynamodbstreams: 'http://127.0.0.1:1' },
      /that of dynamodb is not/,
      /--endpoint dynamodb=URL/,
    ],
  ];

  for (const [name, endpoints, expected, way] of ENDPOINTS) {
    test(`with an endpoint ${name}`, async () => {
      const { message, remedy } = await refused({ dataDir: 'temporary', port: 4_566, endpoints });
      assert.match(message, expected);
      assert.match(remedy, way);
    });
  }

  test('with an address of a broker that is none', async () => {
    const { message, remedy } = await refused({
      dataDir: 'temporary',
      brokers: { good: 'amqp://127.0.0.1', bad: 'http://127.0.0.1' },
    });
    assert.equal(message, "The address 'http://127.0.0.1' of the broker bad is none that can be read.");
    assert.match(remedy, /amqps:\/\//);
  });

  test('on a port that is taken, and its data directory is free again', async (context) => {
    const dataDir = join(await scratchDirectory(context), 'data');
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    context.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const { message, remedy } = await refused({ port, dataDir });
    assert.equal(message, `Port ${port} on 127.0.0.1 is in use by another process.`);
    assert.match(remedy, new RegExp(`lsof -i :${port} .*--port ${port + 1}\\.`));
    await startedPlatform(context, { dataDir });
  });

  test('in a data directory that another server uses', async (context) => {
    const dataDir = join(await scratchDirectory(context), 'data');
    const holder = startChild(context, 'data-directory-holder.ts', [dataDir]);
    assert.equal(await holder.nextLine(), 'open');
    const { message, remedy } = await refused({ dataDir });
    assert.equal(message, `the data directory ${dataDir} is in use by process ${holder.process.pid}`);
    assert.match(remedy, /^Stop that server/);
    holder.process.kill('SIGKILL');
    await once(holder.process, 'exit');
    await startedPlatform(context, { dataDir });
  });

  test('in a data directory of a newer version, which stays as it is', async (context) => {
    const dataDir = await scratchDirectory(context);
    await writeFile(join(dataDir, 'version'), '2\n');
    const { message, remedy } = await refused({ dataDir });
    assert.match(
      message,
      /was written by a newer selfsame: it has version 2, this program supports up to 1$/,
    );
    assert.match(remedy, /^Start the newer selfsame/);
    assert.equal(await readFile(join(dataDir, 'version'), 'utf8'), '2\n');
    assert.deepEqual(
      (await readdir(dataDir)).filter((name) => name.endsWith('.db')),
      [],
    );
  });

  for (const file of ['records.db', 'logs.db', 'events.db', 'messages.db', 'objects.db']) {
    test(`with a ${file} that is none, which stays as it is`, async (context) => {
      const dataDir = await scratchDirectory(context);
      const content = 'these are my notes, not a database. '.repeat(200);
      await writeFile(join(dataDir, file), content);
      const { message, remedy } = await refused({ dataDir });
      assert.ok(
        message.startsWith(`${join(dataDir, file)} is damaged or not a database of selfsame`),
        message,
      );
      assert.match(remedy, /^Restore it from a backup, or move it away/);
      assert.equal(await readFile(join(dataDir, file), 'utf8'), content);
      assert.deepEqual(await openFilesIn(dataDir), []);
    });
  }

  test('where the data directory is a file, or lies in one', async (context) => {
    const file = join(await scratchDirectory(context), 'file');
    await writeFile(file, 'mine');
    for (const dataDir of [file, join(file, 'data')]) {
      const { message, remedy } = await refused({ dataDir });
      assert.ok(message.startsWith(`the data directory ${dataDir} cannot be used (`), message);
      assert.equal(remedy, 'Check that it is a directory this user may write.');
    }
    assert.equal(await readFile(file, 'utf8'), 'mine');
  });

  test('where the data directory cannot be written', async () => {
    const { message, remedy } = await refused({ dataDir: UNWRITABLE });
    assert.ok(message.startsWith(`the data directory ${UNWRITABLE} cannot be used (`), message);
    assert.equal(remedy, 'Check that it is a directory this user may write.');
  });

  for (const [what, options, value] of [
    ['port', { port: 70_000 }, '70000'],
    ['port', { port: 1.5 }, '1.5'],
    ['port', { port: Number.NaN }, 'NaN'],
    ['host', { host: '' }, "''"],
    ['data directory', { dataDir: '' }, "''"],
    ['isolation level', { isolation: 'chroot' as 'process' }, "'chroot'"],
    ['log level', { logLevel: 'loud' as 'info' }, "'loud'"],
    ['interpreter', { runtimes: { 'nodejs24.x': 'bin/node' } }, "'bin/node'"],
    ['runtime', { runtimes: { cobol: '/usr/bin/cobol' } }, "'cobol'"],
  ] as const) {
    test(`with the ${what} ${value}`, async () => {
      const { message } = await refused({ dataDir: 'temporary', ...options });
      assert.ok(message.includes(value), message);
    });
  }
});

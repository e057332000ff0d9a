/** The package as npm would publish it, installed in an empty folder; npm and its registry have to be there. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  KinesisClient,
  PutRecordCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { TEST_CREDENTIALS, TEST_REGION } from '../kit/started-platform.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The versions of Node.js that a fresh machine may have: the launcher has to start under them. */
const OLD_NODE_MAJORS = [18, 20, 22];

let folder: string;
let files: string[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'selfsame-package-'));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT });
  const [{ filename, files: listed }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string }[] },
  ];
  files = listed.map(({ path }) => path);
  await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  await npmInstall(folder, `./${filename}`);
});
after(() => rm(folder, { recursive: true, force: true }));

test('the package holds JavaScript, declarations, runtimes, licence and notice, and no sources', () => {
  for (const file of [
    ...['LICENSE', 'NOTICE', 'README.md', 'bin/selfsame', 'dist/index.js', 'dist/index.d.ts'],
    ...['dist/cli/main.js', 'dist/generated/lambda.json', 'runtimes/nodejs/bootstrap.cjs'],
    'runtimes/python/bootstrap.py',
  ]) {
    assert.ok(files.includes(file), `${file} is missing`);
  }
  assert.deepEqual(
    files.filter((file) => /(^|\/)(src|test|tools)\/|(?<!\.d)\.ts$|__pycache__/.test(file)),
    [],
  );
});

test('the installed command serves, deploys TypeScript, invokes it, and ends with 0', async () => {
  const selfsame = join(folder, 'node_modules/.bin/selfsame');
  await mkdir(join(folder, 'greeter'));
  await writeFile(
    join(folder, 'greeter/index.ts'),
    "export const handler = async (event: { name: string }): Promise<string> => 'hello ' + event.name;",
  );
  const args = ['start', '--port', '0', '--data-dir', 'temporary', '--json'];
  const server = spawn(selfsame, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const { origin } = JSON.parse(line) as { origin: string };
    assert.equal((await fetch(`${origin}/_selfsame/health`)).status, 200);
    await run(selfsame, ['deploy', 'greeter', '--endpoint', origin], { cwd: folder });
    const invoked = await run(
      selfsame,
      ['invoke', 'greeter', '--payload', '{"name":"package"}', '--endpoint', origin],
      { cwd: folder },
    );
    assert.equal(invoked.stdout, '"hello package"\n');
    await useEveryStore(origin);
  } finally {
    server.kill('SIGTERM');
  }
  assert.deepEqual(await once(server, 'exit'), [0, null]);
});

test('the installed library starts a server, and its types are there', async () => {
  await writeFile(
    join(folder, 'consumer.ts'),
    `import { start } from 'selfsame';
await using platform = await start({ port: 0, dataDir: 'temporary' });
const health = await fetch(platform.origin + '/_selfsame/health');
console.log(health.status);
export const wrong: number = platform.origin;
`,
  );
  // Node.js takes the types away without a look; the compiler is to find the one mistake.
  const { stdout } = await run(process.execPath, ['consumer.ts'], { cwd: folder });
  assert.equal(stdout, '200\n');
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = [
    ...['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2024', '--module', 'nodenext'],
    ...['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')],
  ];
  const checked = await run(process.execPath, [compiler, ...options, 'consumer.ts'], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  assert.equal(
    checked.stdout.trim(),
    "consumer.ts(5,14): error TS2322: Type 'string' is not assignable to type 'number'.",
  );
});

for (const major of OLD_NODE_MAJORS) {
  test(`the installed command hands over from Node.js ${major}`, async () => {
    const place = join(folder, `node-${major}`);
    await mkdir(place);
    await writeFile(join(place, 'package.json'), '{"private": true}');
    const name = `node-linux-${process.arch}`;
    await npmInstall(place, `${name}@${major}`);
    const old = join(place, 'node_modules', name, 'bin/node');
    assert.match((await run(old, ['--version'])).stdout, new RegExp(`^v${major}\\.`));
    const launcher = join(folder, 'node_modules/selfsame/bin/selfsame');
    const { stdout, stderr } = await run(old, [launcher, 'version', '--json'], { cwd: folder });
    assert.match((JSON.parse(stdout) as { node: string }).node, /^24\./);
    assert.equal(stderr, '');
  });
}

/** Each store has a thread of its own, whose module has to be found in the package. */
async function useEveryStore(endpoint: string): Promise<void> {
  const settings = { endpoint, region: TEST_REGION, credentials: TEST_CREDENTIALS, maxAttempts: 1 };
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'x' }));
  const sqs = new SQSClient(settings);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const kinesis = new KinesisClient(settings);
  await kinesis.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }));
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: 30, minDelay: 1 }, { StreamName: 's' });
  await kinesis.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'p', Data: Buffer.from('x') }));
  const dynamo = new DynamoDBClient(settings);
  const TableName = 'items';
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists({ client: dynamo, maxWaitTime: 30, minDelay: 1 }, { TableName });
  await dynamo.send(new PutItemCommand({ TableName, Item: { pk: { S: 'a' } } }));
  for (const client of [s3, sqs, kinesis, dynamo]) client.destroy();
}

async function npmInstall(directory: string, what: string): Promise<void> {
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', what], {
    cwd: directory,
  });
}

/** Requests that cannot be, to a whole server: each is answered with the reason, and nothing of it stays. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { deploy } from '../runtimes/deployed-function.ts';
import { head, RawConnection } from '../wire/server/raw-connection.ts';

const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=x';
const FUNCTIONS = '/2015-03-31/functions';

async function call(
  platform: Platform,
  path: string,
  body: string,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${platform.origin}${path}`, {
    method: 'POST',
    headers: { authorization: AUTHORIZATION },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

async function connect(context: TestContext, platform: Platform): Promise<RawConnection> {
  const connection = await RawConnection.open(Number(new URL(platform.origin).port));
  context.after(() => connection.close());
  return connection;
}

/** The server goes on: it has no function of the bad requests, and runs a good one. */
async function stillWorks(platform: Platform): Promise<void> {
  const lambda = new LambdaClient(clientSettings(platform));
  assert.deepEqual((await lambda.send(new ListFunctionsCommand({}))).Functions, []);
  const good = await deploy(platform, { 'index.js': 'exports.handler = async () => "works";' });
  assert.equal((await good.invoke()).value, 'works');
}

function createInput(zip: Buffer): string {
  return JSON.stringify({
    FunctionName: 'bad',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: 'arn:aws:iam::000000000000:role/r',
    Code: { ZipFile: zip.toString('base64') },
  });
}

describe('a request to create a function', () => {
  test('that cannot be read is refused with the reason', async (context) => {
    const platform = await startedPlatform(context);
    const zip = await zipOf({ 'index.js': 'exports.handler = 1', 'large.txt': 'x'.repeat(100_000) });
    for (const [body, status, words] of [
      ['{"FunctionName": "bad", ', 400, /Could not parse request body into json/],
      ['not json at all', 400, /Could not parse request body into json/],
      ['["bad"]', 400, /Start of list found where not expected/],
      ['{"FunctionName": {"Name": "bad"}}', 400, /Start of structure or map found where not expected/],
      [createInput(zip).replace('"ZipFile":"', '"ZipFile":"***'), 400, /base64/],
      [createInput(zip.subarray(0, zip.length / 2)), 400, /Could not unzip uploaded file/],
      [createInput(Buffer.from('these are no zip files')), 400, /Could not unzip uploaded file/],
    ] as const) {
      const { status: got, text } = await call(platform, FUNCTIONS, body);
      assert.match(text, words);
      assert.equal(got, status);
    }
    await stillWorks(platform);
  });

  test('that is cut short leaves nothing', async (context) => {
    const platform = await startedPlatform(context);
    const body = createInput(await zipOf({ 'index.js': 'exports.handler = 1' }));
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const connection = await connect(context, platform);
      connection.send(
        head(FUNCTIONS.slice(1), { authorization: AUTHORIZATION, 'content-length': String(body.length) }),
        body.slice(0, body.length / 2),
      );
      connection.socket[how]();
      if (how === 'end') assert.match(await connection.untilClosed(), /^HTTP\/1.1 400 /);
    }
    await stillWorks(platform);
  });

  test('that announces too much is refused before it is sent', async (context) => {
    const platform = await startedPlatform(context);
    const connection = await connect(context, platform);
    connection.send(
      head(FUNCTIONS.slice(1), {
        authorization: AUTHORIZATION,
        'content-length': String(200 * 1024 * 1024),
        expect: '100-continue',
      }),
    );
    const answer = await connection.untilClosed();
    assert.match(answer, /^HTTP\/1.1 413 [\s\S]*RequestEntityTooLargeException/);
    assert.doesNotMatch(answer, /100 Continue/);
    await stillWorks(platform);
  });
});

test('requests to nowhere are refused with what they were', async (context) => {
  const platform = await startedPlatform(context);
  for (const path of ['/2015-03-31/nothing', `${FUNCTIONS}/f/invocation`, `${FUNCTIONS}/f/code/x/y`]) {
    const { status, text } = await call(platform, path, '{}');
    assert.equal(status, 404, path);
    assert.ok(text.includes(`Unknown operation: POST ${path}`), text);
  }
  await stillWorks(platform);
});

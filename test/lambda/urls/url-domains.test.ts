/** Function URLs under host names of the operator's own, told apart by the Host header. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  LambdaClient,
  UpdateFunctionUrlConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform, TEST_CREDENTIALS } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { callUrl, signed } from './url-client.ts';

const ECHO =
  'exports.handler = async (event, context) => ({ arn: context.invokedFunctionArn, ...event.requestContext });';
const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:orders';

let platform: Platform;
let lambda: LambdaClient;

before(async () => {
  platform = await openPlatform({
    urlDomains: {
      'Shop.Example.Test': 'orders',
      'live.example.test': `${ARN}:live`,
      'orders.localhost': 'orders:live',
      'nothing.example.test': 'missing',
    },
  });
  lambda = new LambdaClient(clientSettings(platform));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'orders',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: await zipOf({ 'index.js': ECHO }) },
      Publish: true,
    }),
  );
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: 60, minDelay: 1 },
    { FunctionName: 'orders' },
  );
  await lambda.send(new CreateAliasCommand({ FunctionName: 'orders', Name: 'live', FunctionVersion: '1' }));
  await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: 'orders', AuthType: 'NONE' }));
  await lambda.send(
    new CreateFunctionUrlConfigCommand({
      FunctionName: 'orders',
      Qualifier: 'live',
      AuthType: 'AWS_IAM',
      Cors: { AllowOrigins: ['https://app.example.test'], AllowMethods: ['POST'] },
    }),
  );
});

after(async () => {
  lambda.destroy();
  await platform.close();
});

/** The server's address under another name. */
function under(domain: string): string {
  return `http://${domain}:${new URL(platform.origin).port}/`;
}

test('a domain leads to the URL of the function that it was given, under any spelling and port', async () => {
  for (const host of ['shop.example.test', 'SHOP.example.test.', 'shop.example.test:80']) {
    const reply = await callUrl(under('shop.example.test'), {
      path: '/2015-03-31/functions',
      headers: { host },
    });
    assert.equal(reply.status, 200, reply.text);
    const about = reply.json<Record<string, unknown>>();
    assert.equal(about['arn'], ARN);
    assert.deepEqual([about['domainName'], about['domainPrefix']], ['shop.example.test', 'shop']);
    assert.match(String(about['apiId']), /^[0-9a-f]{32}$/);
  }
});

test('AWS_IAM under a domain takes what is signed for that host, and nothing signed for another', async () => {
  for (const domain of ['live.example.test', 'orders.localhost']) {
    const url = under(domain);
    assert.equal((await callUrl(url)).status, 403);
    const call = { method: 'POST', path: '/p?q=1', body: 'hello' };
    const good = await callUrl(url, await signed(url, call, TEST_CREDENTIALS));
    assert.equal(good.status, 200, good.text);
    assert.equal(good.json<Record<string, unknown>>()['arn'], `${ARN}:live`);
    const elsewhere = await signed(under('shop.example.test'), call, TEST_CREDENTIALS);
    const { host: _, ...headers } = elsewhere.headers!;
    assert.equal((await callUrl(url, { ...elsewhere, headers })).status, 403);
  }
});

test('web pages of other origins get what the CORS settings of the URL say', async () => {
  const origin = 'https://app.example.test';
  const preflight = await callUrl(under('live.example.test'), {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  const foreign = await callUrl(under('live.example.test'), {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  });
  assert.equal(foreign.headers['access-control-allow-origin'], undefined);
});

test('only the names that were given are let in, and they never lead to the API', async () => {
  for (const host of ['other.example.test', 'x.shop.example.test', 'example.test']) {
    const reply = await callUrl(under(host));
    assert.equal(reply.status, 403);
    assert.match(reply.text, /DNS rebinding/);
  }
  const nowhere = await callUrl(under('nothing.example.test'), { path: '/2015-03-31/functions' });
  assert.deepEqual([nowhere.status, nowhere.text], [403, '{"Message":null}']);
});

test('a domain follows the function: to no URL when that is deleted, to the new one when there is one', async () => {
  await lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: 'orders' }));
  assert.equal((await callUrl(under('shop.example.test'))).status, 403);
  const { FunctionUrl } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: 'orders', AuthType: 'NONE' }),
  );
  const reply = await callUrl(under('shop.example.test'));
  const [urlId] = new URL(FunctionUrl!).hostname.split('.');
  assert.equal(reply.json<Record<string, unknown>>()['apiId'], urlId);
});

test('what is changed of a URL counts under its domain, too', async () => {
  await lambda.send(
    new UpdateFunctionUrlConfigCommand({ FunctionName: 'orders', Qualifier: 'live', AuthType: 'NONE' }),
  );
  assert.equal((await callUrl(under('live.example.test'))).status, 200);
});

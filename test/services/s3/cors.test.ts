import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import {
  type CORSRule,
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
} from '@aws-sdk/client-s3';
import { failure, S3Tester } from './s3-client.ts';

const ORIGIN = 'http://localhost:4200';

function put(s3: S3Tester, ...CORSRules: CORSRule[]) {
  const command = { Bucket: s3.bucket, CORSConfiguration: { CORSRules } };
  return s3.client.send(new PutBucketCorsCommand(command));
}

function preflight(s3: S3Tester, method: string, origin = ORIGIN, more: Record<string, string> = {}) {
  const headers = { origin, 'access-control-request-method': method, ...more };
  return s3.fetch('/k', { method: 'OPTIONS', headers });
}

/** Of a preflight for GET, whatever host name the server is addressed by. */
function statusAt(s3: S3Tester, host: string, path: string): Promise<number | undefined> {
  const { port } = new URL(s3.platform.origin);
  const headers = { host: `${host}:${port}`, origin: ORIGIN, 'access-control-request-method': 'GET' };
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', method: 'OPTIONS', path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

// Header fields and errors as recorded for "test_cors_match_methods".
test('a page from elsewhere is let in by the rules of the bucket', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', 'x');
  const off = await preflight(s3, 'GET');
  assert.equal(off.status, 403);
  assert.match(await off.text(), /CORS is not enabled for this bucket/);
  await put(s3, {
    AllowedMethods: ['GET'],
    AllowedOrigins: ['http://localhost:*'],
    AllowedHeaders: ['x-*'],
    ExposeHeaders: ['etag'],
    MaxAgeSeconds: 3000,
  });
  const granted = await preflight(s3, 'GET', ORIGIN, { 'access-control-request-headers': 'X-One, x-two' });
  assert.equal(granted.status, 200);
  const header = (name: string) => granted.headers.get(`access-control-${name}`);
  assert.equal(header('allow-origin'), ORIGIN);
  assert.equal(header('allow-methods'), 'GET');
  assert.equal(header('allow-credentials'), 'true');
  assert.equal(header('allow-headers'), 'x-one, x-two');
  assert.equal(header('expose-headers'), 'etag');
  assert.equal(header('max-age'), '3000');
  const refused = await preflight(s3, 'PUT');
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /<Code>AccessForbidden<\/Code>.*<Method>PUT<\/Method>/s);
  const got = await s3.fetch('/k', { headers: { origin: ORIGIN } });
  assert.equal(got.headers.get('access-control-allow-origin'), ORIGIN);
  const missing = await s3.fetch('/none', { headers: { origin: ORIGIN } });
  assert.deepEqual([missing.status, missing.headers.get('access-control-allow-origin')], [404, ORIGIN]);
  await missing.text();
  const written = await s3.fetch('/k', { method: 'PUT', body: 'y', headers: { origin: ORIGIN } });
  assert.deepEqual([written.status, written.headers.get('access-control-allow-origin')], [200, null]);
  assert.equal((await s3.fetch('/k', { method: 'OPTIONS' })).status, 400);
  for (const host of ['s3.localhost', 's3.us-east-1.localhost', 's3-eu-west-1.localhost', '127.0.0.1'])
    assert.equal(await statusAt(s3, host, `/${s3.bucket}/k`), 200, host);
  for (const suffix of [
    'localhost',
    's3.localhost',
    's3.us-east-1.localhost',
    's3.localhost.localstack.cloud',
  ])
    assert.equal(await statusAt(s3, `${s3.bucket}.${suffix}`, '/k'), 200, suffix);
});

test('rules are checked, read back and deleted', async (context) => {
  const s3 = await S3Tester.start(context);
  const at = { Bucket: s3.bucket };
  const rule = { AllowedMethods: ['GET'], AllowedOrigins: ['*'] };
  const wrong = await failure(put(s3, { ...rule, AllowedMethods: ['MYMETHOD'] }));
  assert.equal(wrong.message, 'Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD');
  await put(s3, rule);
  assert.deepEqual((await s3.client.send(new GetBucketCorsCommand(at))).CORSRules, [rule]);
  assert.equal((await preflight(s3, 'GET')).headers.get('access-control-allow-origin'), '*');
  await s3.client.send(new DeleteBucketCorsCommand(at));
  const gone = await failure(s3.client.send(new GetBucketCorsCommand(at)));
  assert.equal(gone.code, 'NoSuchCORSConfiguration');
});

// The guard of a server on loopback comes first: rules of buckets are for pages of this machine.
test('a page of another machine is kept out whatever the rules of the bucket say', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', 'x');
  await put(s3, { AllowedMethods: ['GET'], AllowedOrigins: ['*'] });
  const origin = 'https://example.com';
  assert.equal((await preflight(s3, 'GET', origin)).status, 403);
  const refused = await s3.fetch('/k', { headers: { origin } });
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /The Origin header names 'https:\/\/example\.com'/);
});

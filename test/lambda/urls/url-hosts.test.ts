import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FunctionUrlRecord } from '../../../src/lambda/records/function-url-table.ts';
import { UrlHosts } from '../../../src/lambda/urls/url-hosts.ts';
import { urlTarget, urlTargets } from '../../../src/platform/url-domains.ts';

const ID = '0123456789abcdef0123456789abcdef';
const RECORD: FunctionUrlRecord = {
  urlId: ID,
  accountId: '000000000000',
  region: 'us-east-1',
  functionName: 'orders',
  authType: 'NONE',
  invokeMode: 'BUFFERED',
  createdMs: 0,
  lastModifiedMs: 0,
};

const hosts = new UrlHosts(
  {
    find: (urlId) => (urlId === ID ? RECORD : undefined),
    get: () => undefined,
  },
  urlTargets({ 'id.example.test': ID, 'gone.example.test': 'f'.repeat(32) }),
);

test('a host is that of a URL by its first label and region, or a domain given to its id', () => {
  for (const host of [
    `${ID}.lambda-url.us-east-1.localhost:4566`,
    `${ID.toUpperCase()}.Lambda-URL.us-east-1.on.aws`,
    'id.example.test',
    'ID.example.test.:80',
  ]) {
    assert.ok(hosts.serves(host), host);
    assert.equal(hosts.find(host), RECORD, host);
  }
  for (const host of [`${ID}.lambda-url.eu-west-1.localhost`, 'gone.example.test']) {
    assert.ok(hosts.serves(host), host);
    assert.equal(hosts.find(host), undefined, host);
  }
  for (const host of [undefined, '', 'localhost', 'example.test', 'lambda.us-east-1.localhost'])
    assert.equal(hosts.serves(host), false, host);
});

test('a domain leads to a function, an alias or a URL, by name, partial or whole ARN', () => {
  const orders = { accountId: '000000000000', region: 'us-east-1', functionName: 'orders' };
  assert.deepEqual(urlTarget('api.example.test', 'orders'), orders);
  assert.deepEqual(urlTarget('api', 'orders:live'), { ...orders, alias: 'live' });
  assert.deepEqual(urlTarget('api.localhost', 'arn:aws:lambda:eu-west-1:111122223333:function:orders:live'), {
    accountId: '111122223333',
    region: 'eu-west-1',
    functionName: 'orders',
    alias: 'live',
  });
  assert.deepEqual(urlTarget('api.example.test', ID), { urlId: ID });
});

test('names of this machine, addresses, and what can have no URL are refused', () => {
  for (const domain of [
    'localhost',
    '127.0.0.1',
    '192.168.1.7',
    '[::1]',
    '',
    'a..b',
    '-a.test',
    'a b',
    `${'a'.repeat(64)}.test`,
  ])
    assert.equal(urlTarget(domain, 'orders'), undefined, domain);
  for (const target of ['', 'orders:1', 'orders:$LATEST', 'or ders', 'arn:aws:s3:::bucket'])
    assert.equal(urlTarget('api.example.test', target), undefined, target);
});

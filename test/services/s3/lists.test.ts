import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListObjectsCommand, ListObjectsV2Command, type ListObjectsV2CommandInput } from '@aws-sdk/client-s3';
import { failure, S3Tester } from './s3-client.ts';

/** Keys, and prefixes in brackets, page by page. */
async function pages(s3: S3Tester, request: Partial<ListObjectsV2CommandInput>): Promise<string[][]> {
  const found: string[][] = [];
  let token: string | undefined;
  do {
    const page = await s3.client.send(
      new ListObjectsV2Command({ Bucket: s3.bucket, ...request, ContinuationToken: token }),
    );
    const keys = (page.Contents ?? []).map(({ Key }) => Key!);
    const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix }) => `[${Prefix}]`);
    assert.equal(page.KeyCount, keys.length + prefixes.length);
    found.push([...keys, ...prefixes]);
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found;
}

const KEYS = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'd', 'd/', 'é', '\u{ff5e}', '\u{10000}'];

async function filled(s3: S3Tester): Promise<void> {
  await Promise.all([...KEYS].reverse().map((key) => s3.put(key, 'x')));
}

test('keys come in the order of their UTF-8 bytes', async (context) => {
  const s3 = await S3Tester.start(context);
  await filled(s3);
  assert.deepEqual(await s3.keys(), KEYS);
  assert.deepEqual((await pages(s3, { MaxKeys: 1 })).flat(), KEYS);
  assert.deepEqual(await s3.keys({ StartAfter: 'é' }), ['\u{ff5e}', '\u{10000}']);
});

test('keys behind a delimiter are rolled up, on every page once', async (context) => {
  const s3 = await S3Tester.start(context);
  await filled(s3);
  const rolled = ['a', '[b/]', 'b0', 'd', '[d/]', 'é', '\u{ff5e}', '\u{10000}'];
  const one = await pages(s3, { Delimiter: '/', MaxKeys: 1 });
  assert.deepEqual(one.flat(), rolled);
  assert.equal(one.length, rolled.length);
  assert.deepEqual(await pages(s3, { Delimiter: '/', Prefix: 'b/' }), [['b/1', 'b/2', '[b/c/]']]);
  assert.deepEqual(await pages(s3, { Delimiter: 'c/', Prefix: 'b' }), [['b/1', 'b/2', 'b0', '[b/c/]']]);
  assert.deepEqual(await pages(s3, { Prefix: 'nothing' }), [[]]);
  assert.deepEqual((await pages(s3, { StartAfter: 'b/1', Prefix: 'b/' })).flat(), ['b/2', 'b/c/3']);
});

test('the older list goes on from markers', async (context) => {
  const s3 = await S3Tester.start(context);
  await filled(s3);
  const list = (more: object) => s3.client.send(new ListObjectsCommand({ Bucket: s3.bucket, ...more }));
  const first = await list({ MaxKeys: 2, Delimiter: '/' });
  assert.deepEqual([first.IsTruncated, first.NextMarker, first.Marker], [true, 'b/', '']);
  const second = await list({ MaxKeys: 2, Delimiter: '/', Marker: first.NextMarker });
  assert.deepEqual(
    second.Contents!.map(({ Key }) => Key),
    ['b0', 'd'],
  );
  // Without a delimiter the last key is the marker, and not told.
  assert.equal((await list({ MaxKeys: 2 })).NextMarker, undefined);
  assert.equal(first.Contents![0]!.Owner!.ID!.length, 64);
});

test('keys that XML cannot hold come encoded', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('a b/+ü\u0001', 'x');
  const page = await s3.client.send(new ListObjectsV2Command({ Bucket: s3.bucket, EncodingType: 'url' }));
  assert.equal(page.Contents![0]!.Key, 'a+b/%2B%C3%BC%01');
  const wrong = s3.client.send(
    new ListObjectsV2Command({ Bucket: s3.bucket, EncodingType: 'value' as 'url' }),
  );
  assert.equal((await failure(wrong)).message, 'Invalid Encoding Method specified in Request');
});

test('a token of somebody else is refused', async (context) => {
  const s3 = await S3Tester.start(context);
  for (const ContinuationToken of ['', 'wrong'])
    assert.equal(
      (await failure(s3.keys({ ContinuationToken }))).message,
      'The continuation token provided is incorrect',
    );
});

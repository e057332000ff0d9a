import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteBucketCommand,
  type DeleteMarkerEntry,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
} from '@aws-sdk/client-s3';
import { failure, S3Tester } from './s3-client.ts';

function remove(s3: S3Tester, Key: string, VersionId?: string) {
  const version = VersionId === undefined ? {} : { VersionId };
  return s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key, ...version }));
}

/** `+` for the latest, `x` for delete markers; in the order of the answer's two lists. */
async function versions(s3: S3Tester, more: Partial<ListObjectVersionsCommandInput> = {}) {
  const page = await s3.client.send(new ListObjectVersionsCommand({ Bucket: s3.bucket, ...more }));
  const entry =
    (mark: string) =>
    ({ Key, VersionId, IsLatest }: DeleteMarkerEntry) =>
      `${Key}:${VersionId}${mark}${IsLatest ? '+' : ''}`;
  return [...(page.Versions ?? []).map(entry('')), ...(page.DeleteMarkers ?? []).map(entry('x'))];
}

test('versions stay, and a delete marker hides them', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.versioned();
  const first = (await s3.put('k', 'one')).VersionId!;
  const second = (await s3.put('k', 'two')).VersionId!;
  assert.match(first, /^[A-Za-z0-9._]{32}$/);
  const marker = await remove(s3, 'k');
  assert.equal(marker.DeleteMarker, true);
  assert.deepEqual(await s3.keys(), []);
  assert.equal((await failure(s3.get('k'))).code, 'NoSuchKey');
  const hidden = await s3.fetch('/k');
  assert.equal(hidden.headers.get('x-amz-delete-marker'), 'true');
  assert.equal(await s3.text('k', { VersionId: first }), 'one');
  assert.deepEqual(await failure(s3.get('k', { VersionId: marker.VersionId })), {
    code: 'MethodNotAllowed',
    status: 405,
    message: 'The specified method is not allowed against this resource.',
  });
  assert.deepEqual(await versions(s3), [`k:${second}`, `k:${first}`, `k:${marker.VersionId}x+`]);
  const unmarked = await remove(s3, 'k', marker.VersionId);
  assert.equal(unmarked.DeleteMarker, true);
  assert.equal(await s3.text('k'), 'two');
});

test('a version that is removed uncovers the one before', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.versioned();
  const first = (await s3.put('k', 'one')).VersionId!;
  const second = (await s3.put('k', 'x'.repeat(100_000))).VersionId!;
  assert.equal((await remove(s3, 'k', second)).VersionId, second);
  assert.equal(await s3.text('k'), 'one');
  assert.equal((await failure(s3.get('k', { VersionId: second }))).code, 'NoSuchVersion');
  await remove(s3, 'k', first);
  assert.deepEqual(await versions(s3), []);
  await s3.client.send(new DeleteBucketCommand({ Bucket: s3.bucket }));
});

test('while versions are suspended, there is one without an id', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', 'before');
  await s3.versioned();
  const kept = (await s3.put('k', 'kept')).VersionId!;
  assert.equal(await s3.text('k', { VersionId: 'null' }), 'before');
  await s3.versioned('Suspended');
  assert.equal((await s3.put('k', 'after')).VersionId, undefined);
  assert.deepEqual(await versions(s3), ['k:null+', `k:${kept}`]);
  const marker = await remove(s3, 'k');
  assert.deepEqual([marker.DeleteMarker, marker.VersionId], [true, 'null']);
  assert.deepEqual(await versions(s3), [`k:${kept}`, 'k:nullx+']);
  await remove(s3, 'k', 'null');
  assert.equal(await s3.text('k'), 'kept');
});

test('versions are listed page by page, newest first within a key', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.versioned();
  const ids: string[] = [];
  for (const key of ['a', 'b', 'b', 'c']) ids.push((await s3.put(key)).VersionId!);
  const all = await versions(s3);
  assert.deepEqual(all, [`a:${ids[0]}+`, `b:${ids[2]}+`, `b:${ids[1]}`, `c:${ids[3]}+`]);
  const paged: string[] = [];
  let marker: Partial<ListObjectVersionsCommandInput> = {};
  for (;;) {
    const request = { Bucket: s3.bucket, MaxKeys: 1, ...marker };
    const page = await s3.client.send(new ListObjectVersionsCommand(request));
    paged.push(...(await versions(s3, { MaxKeys: 1, ...marker })));
    if (page.IsTruncated !== true) break;
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
  assert.deepEqual(paged, all);
  const orphan = versions(s3, { VersionIdMarker: ids[0] });
  assert.equal(
    (await failure(orphan)).message,
    'A version-id marker cannot be specified without a key marker.',
  );
});

test('who deletes page by page has deleted all at the end', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.versioned();
  for (let count = 0; count < 5; count += 1) await s3.put('k', `${count}`);
  let marker: Partial<ListObjectVersionsCommandInput> = {};
  for (;;) {
    const page = await s3.client.send(
      new ListObjectVersionsCommand({ Bucket: s3.bucket, MaxKeys: 2, ...marker }),
    );
    for (const { Key, VersionId } of page.Versions ?? []) await remove(s3, Key!, VersionId);
    if (page.IsTruncated !== true) break;
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
  assert.deepEqual(await versions(s3), []);
});

test('a version id that cannot be one is refused', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k');
  assert.equal((await failure(s3.get('k', { VersionId: 'x' }))).message, 'Invalid version id specified');
  assert.equal((await failure(remove(s3, 'k', 'y'.repeat(32)))).code, 'InvalidArgument');
});

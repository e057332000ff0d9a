import assert from 'node:assert/strict';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PackageRejected } from '../../../src/ports/package-store.ts';
import { checkZip, extractZip } from '../../../src/storage/packages/zip-package.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../scratch.ts';
import type { CraftedEntry } from './crafted-zip.ts';
import { craftedZip } from './crafted-zip.ts';

const MAX_BYTES = 262_144_000;

async function extracted(context: TestContext, zip: Buffer): Promise<string> {
  const root = await scratchDirectory(context);
  await checkZip(zip, MAX_BYTES);
  await extractZip(zip, root);
  return root;
}

/** Refused when it is checked, and again should it come to be extracted. */
async function refused(
  context: TestContext,
  entries: readonly CraftedEntry[],
  kind: PackageRejected['kind'],
): Promise<void> {
  const zip = craftedZip(entries);
  await assert.rejects(checkZip(zip, MAX_BYTES), { name: 'PackageRejected', kind });
  const parent = await scratchDirectory(context);
  const root = join(parent, 'root');
  await assert.rejects(extractZip(zip, root));
  assert.deepEqual(
    (await readdir(parent)).filter((name) => name !== 'root'),
    [],
    'nothing is written beside the package',
  );
}

test('files, modes and directories come out as they went in', async (context) => {
  const zip = await zipOf({
    'index.js': 'exports.handler = async () => 1;',
    'bin/tool': { content: '#!/bin/sh\n', mode: 0o100755 },
    'private.txt': { content: 'p', mode: 0o100600 },
    'deep/er/still/file.txt': 'deep',
    empty: '',
  });
  const root = await extracted(context, zip);
  assert.equal(await readFile(join(root, 'index.js'), 'utf8'), 'exports.handler = async () => 1;');
  assert.equal(await readFile(join(root, 'deep/er/still/file.txt'), 'utf8'), 'deep');
  assert.equal((await lstat(join(root, 'bin/tool'))).mode & 0o7777, 0o755);
  assert.equal((await lstat(join(root, 'private.txt'))).mode & 0o7777, 0o600);
  assert.equal((await lstat(join(root, 'deep'))).mode & 0o7777, 0o755);
  assert.equal((await lstat(join(root, 'empty'))).size, 0);
});

test('set-user-id bits do not come out', async (context) => {
  const root = await extracted(context, craftedZip([{ name: 'tool', content: 'x', mode: 0o104755 }]));
  assert.equal((await lstat(join(root, 'tool'))).mode & 0o7777, 0o755);
});

test('symbolic links are kept, also those that come before what they point at', async (context) => {
  const root = await extracted(
    context,
    craftedZip([
      { name: 'lib/current', content: 'v2', mode: 0o120777 },
      { name: 'lib/v2/code.js', content: 'code' },
      { name: 'main.js', content: 'lib/current/code.js', mode: 0o120777 },
      { name: 'lib/v2/up', content: '../../main.js', mode: 0o120777 },
    ]),
  );
  assert.equal(await readlink(join(root, 'lib/current')), 'v2');
  assert.equal(await readFile(join(root, 'main.js'), 'utf8'), 'code');
  assert.equal(await readFile(join(root, 'lib/v2/up'), 'utf8'), 'code');
});

test('files of a zip without Unix attributes are readable by all', async (context) => {
  const root = await extracted(context, craftedZip([{ name: 'index.py', content: 'x', mode: 0 }]));
  assert.equal((await lstat(join(root, 'index.py'))).mode & 0o7777, 0o644);
});

test('directories come with entries of their own, without, or marked by their mode only', async (context) => {
  const root = await extracted(
    context,
    craftedZip([
      { name: 'with/', mode: 0o040755 },
      { name: 'with/file', content: 'a' },
      { name: 'without/any/file', content: 'b' },
      { name: 'marked', mode: 0o040755 },
      { name: './dotted/file', content: 'c' },
    ]),
  );
  assert.deepEqual((await readdir(root)).sort(), ['dotted', 'marked', 'with', 'without']);
  assert.ok((await lstat(join(root, 'marked'))).isDirectory());
  assert.equal(await readFile(join(root, 'without/any/file'), 'utf8'), 'b');
});

test('backslashes of Windows zips are slashes', async (context) => {
  const root = await extracted(context, craftedZip([{ name: 'lib\\code.js', content: 'code', mode: 0 }]));
  assert.equal(await readFile(join(root, 'lib/code.js'), 'utf8'), 'code');
});

test('sizes behind the content (data descriptors) and in ZIP64 fields are read', async (context) => {
  const text = 'long enough to be worth it, '.repeat(50);
  const root = await extracted(
    context,
    craftedZip([
      { name: 'late', content: text, deflate: true, descriptor: true },
      { name: 'wide', content: text, deflate: true, zip64: true },
      { name: 'stored', content: text },
    ]),
  );
  for (const name of ['late', 'wide', 'stored']) assert.equal(await readFile(join(root, name), 'utf8'), text);
});

test('a file of many megabytes is inflated piece by piece', async (context) => {
  const content = Buffer.alloc(9_000_000, 'abcdefg');
  const root = await extracted(context, craftedZip([{ name: 'big', content, deflate: true }]));
  assert.ok((await readFile(join(root, 'big'))).equals(content));
});

test('of two files with one path the later counts', async (context) => {
  const root = await extracted(
    context,
    craftedZip([
      { name: 'index.js', content: 'the first, which is longer' },
      { name: './index.js', content: 'second', mode: 0o100755 },
    ]),
  );
  assert.equal(await readFile(join(root, 'index.js'), 'utf8'), 'second');
  assert.equal((await lstat(join(root, 'index.js'))).mode & 0o7777, 0o755);
});

for (const name of [
  '/etc/passwd',
  '../evil',
  'lib/../../evil',
  '..\\evil',
  'lib\\..\\..\\evil',
  'C:\\evil',
  'C:/evil',
  'nul\0byte',
  '..',
]) {
  test(`a path that leaves the package is refused: ${JSON.stringify(name)}`, async (context) => {
    await refused(context, [{ name, content: 'evil' }], 'unsafe-path');
  });
}

for (const [what, entries] of Object.entries<readonly CraftedEntry[]>({
  'to an absolute path': [{ name: 'link', content: '/etc/passwd', mode: 0o120777 }],
  upwards: [{ name: 'lib/link', content: '../../secret', mode: 0o120777 }],
  'upwards through a link to a directory': [
    { name: 'a/b/c/file', content: 'x' },
    { name: 'a/short', content: 'b/c', mode: 0o120777 },
    { name: 'out', content: 'a/short/../../../../secret', mode: 0o120777 },
  ],
  'upwards through a link to the root': [
    { name: 'd/root', content: '..', mode: 0o120777 },
    { name: 'out', content: 'd/root/..', mode: 0o120777 },
  ],
  'through another link out': [
    { name: 'x/y', content: '../z', mode: 0o120777 },
    { name: 'z', content: 'x/../../secret', mode: 0o120777 },
  ],
  'to nothing': [{ name: 'link', content: '', mode: 0o120777 }],
  'with an endless name': [{ name: 'link', content: 'a/'.repeat(3_000), mode: 0o120777 }],
})) {
  test(`a link ${what} is refused`, (context) => refused(context, entries, 'unsafe-path'));
}

test('a file written through a link is refused, whichever comes first', async (context) => {
  const link = { name: 'lib', content: 'other', mode: 0o120777 };
  const file = { name: 'lib/evil', content: 'x' };
  await refused(context, [link, file], 'unsafe-path');
  await refused(context, [file, link], 'unsafe-path');
});

test('a path that is two things is refused', async (context) => {
  await refused(
    context,
    [
      { name: 'a', content: 'x' },
      { name: 'a/b', content: 'y' },
    ],
    'unsafe-path',
  );
  await refused(
    context,
    [
      { name: 'a', content: 'x' },
      { name: 'a', content: 'b', mode: 0o120777 },
    ],
    'unsafe-path',
  );
  await refused(
    context,
    [
      { name: 'a', content: 'b', mode: 0o120777 },
      { name: 'a', content: 'x' },
    ],
    'unsafe-path',
  );
});

test('a circle of links leads nowhere and is kept', async (context) => {
  const root = await extracted(
    context,
    craftedZip([
      { name: 'a', content: 'b', mode: 0o120777 },
      { name: 'b', content: 'a', mode: 0o120777 },
    ]),
  );
  assert.equal(await readlink(join(root, 'a')), 'b');
});

test('what is larger unpacked than allowed is refused by what the zip says, before it is inflated', async () => {
  const zeros = Buffer.alloc(1_000_000);
  const bomb = craftedZip(
    Array.from({ length: 5 }, (_, index) => ({ name: `${index}`, content: zeros, deflate: true })),
  );
  assert.ok(bomb.length < 10_000);
  assert.equal(await checkZip(bomb, 5_000_000), 5_000_000);
  await assert.rejects(checkZip(bomb, 4_999_999), { kind: 'too-large-unpacked' });
});

test('a bomb that says it is small is refused, in one piece and piece by piece', async (context) => {
  const zeros = Buffer.alloc(5_000_000);
  await refused(context, [{ name: 'bomb', content: zeros, deflate: true, saidBytes: 10 }], 'corrupt');
  await refused(context, [{ name: 'bomb', content: zeros, deflate: true, saidBytes: 4_500_000 }], 'corrupt');
});

test('a file that is smaller than the zip says is refused', (context) =>
  refused(context, [{ name: 'short', content: 'abc', deflate: true, saidBytes: 10 }], 'corrupt'));

test('a file without its checksum is refused, small or large, stored or deflated, or a link', async (context) => {
  await refused(context, [{ name: 'a', content: 'abc', saidCrc32: 1 }], 'corrupt');
  await refused(context, [{ name: 'a', content: 'abc', saidCrc32: 1, deflate: true }], 'corrupt');
  await refused(
    context,
    [{ name: 'a', content: Buffer.alloc(5_000_000), saidCrc32: 1, deflate: true }],
    'corrupt',
  );
  await refused(context, [{ name: 'a', content: 'b', saidCrc32: 1, mode: 0o120777 }], 'corrupt');
});

test('an encrypted file is refused', (context) =>
  refused(context, [{ name: 'secret', content: 'abc', encrypted: true }], 'corrupt'));

test('a zip without entries is refused as empty', async () => {
  await assert.rejects(checkZip(craftedZip([]), MAX_BYTES), { kind: 'empty' });
});

test('what is no zip is refused, and so is a zip cut off anywhere', async () => {
  await assert.rejects(checkZip(Buffer.from('this is not a zip'), MAX_BYTES), { kind: 'not-a-zip' });
  await assert.rejects(checkZip(Buffer.alloc(0), MAX_BYTES), { kind: 'not-a-zip' });
  const whole = await zipOf({ 'index.js': 'exports.handler = async () => 1;', 'lib/b.js': 'b'.repeat(500) });
  for (let bytes = 0; bytes < whole.length; bytes += 7) {
    await assert.rejects(checkZip(whole.subarray(0, bytes), MAX_BYTES), { name: 'PackageRejected' });
  }
});

test('a zip with a changed byte is refused or has the same content', async () => {
  const files = { 'index.js': 'exports.handler = async () => 1;', 'lib/b.js': 'b'.repeat(500) };
  const whole = await zipOf(files);
  const before = whole.indexOf('PK\u0001\u0002');
  for (let position = 0; position < before; position += 3) {
    const changed = Buffer.from(whole);
    changed[position]! ^= 0x55;
    // The headers before each content repeat what the directory says, which alone counts.
    await checkZip(changed, MAX_BYTES).then(
      (bytes) => assert.equal(bytes, 532),
      (error: Error) => assert.equal(error.name, 'PackageRejected'),
    );
  }
});

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  GetDownloadUrlForLayerCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
  PutImageTagMutabilityCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import type { Platform } from '../../src/index.ts';
import { randomIds } from '../../src/platform/random-ids.ts';
import { LayerUploads, MAX_LAYER_BYTES } from '../../src/services/ecr/layer-uploads.ts';
import { openFileBlobStore } from '../../src/storage/files/blob-store.ts';
import type { BuiltImage } from '../kit/container-image.ts';
import { builtImage, digestOf, OCI_MANIFEST, pushImage } from '../kit/container-image.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { SettableClock } from './settable-clock.ts';

const ACCOUNT = '000000000000';

interface Opened {
  readonly platform: Platform;
  readonly ecr: ECRClient;
}

async function opened(context: TestContext, dataDir?: string): Promise<Opened> {
  const platform = await startedPlatform(context, dataDir === undefined ? {} : { dataDir });
  const ecr = new ECRClient(clientSettings(platform));
  context.after(() => ecr.destroy());
  return { platform, ecr };
}

const small = (text: string): Promise<BuiltImage> => builtImage({ layers: [[{ name: 'a', content: text }]] });

test('a repository is made, described, tagged and deleted', async (context) => {
  const { platform, ecr } = await opened(context);
  const { port } = new URL(platform.origin);
  const made = await ecr.send(
    new CreateRepositoryCommand({ repositoryName: 'team/app', tags: [{ Key: 'a', Value: '1' }] }),
  );
  const { createdAt, ...rest } = made.repository!;
  assert.ok(createdAt instanceof Date);
  const repositoryArn = `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/team/app`;
  assert.deepEqual(rest, {
    repositoryArn,
    registryId: ACCOUNT,
    repositoryName: 'team/app',
    repositoryUri: `${ACCOUNT}.dkr.ecr.us-east-1.localhost:${port}/team/app`,
    imageTagMutability: 'MUTABLE',
    imageScanningConfiguration: { scanOnPush: false },
    encryptionConfiguration: { encryptionType: 'AES256' },
  });
  await assert.rejects(ecr.send(new CreateRepositoryCommand({ repositoryName: 'team/app' })), {
    name: 'RepositoryAlreadyExistsException',
    message: `The repository with name 'team/app' already exists in the registry with id '${ACCOUNT}'`,
  });
  await ecr.send(new TagResourceCommand({ resourceArn: repositoryArn, tags: [{ Key: 'b', Value: '2' }] }));
  await ecr.send(new UntagResourceCommand({ resourceArn: repositoryArn, tagKeys: ['a'] }));
  const { tags } = await ecr.send(new ListTagsForResourceCommand({ resourceArn: repositoryArn }));
  assert.deepEqual(tags, [{ Key: 'b', Value: '2' }]);
  for (const repositoryName of ['b', 'c', 'd'].map((name) => `more/${name}`))
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const first = await ecr.send(new DescribeRepositoriesCommand({ maxResults: 3 }));
  const last = await ecr.send(new DescribeRepositoriesCommand({ maxResults: 3, nextToken: first.nextToken }));
  const names = [...first.repositories!, ...last.repositories!].map(({ repositoryName }) => repositoryName);
  assert.deepEqual([names, last.nextToken], [['more/b', 'more/c', 'more/d', 'team/app'], undefined]);
  await ecr.send(new DeleteRepositoryCommand({ repositoryName: 'team/app' }));
  await assert.rejects(ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['team/app'] })), {
    name: 'RepositoryNotFoundException',
  });
});

test('what would do nothing is refused by name', async (context) => {
  const { ecr } = await opened(context);
  for (const [part, input] of Object.entries({
    scanOnPush: { imageScanningConfiguration: { scanOnPush: true } },
    'encryptionType KMS': { encryptionConfiguration: { encryptionType: 'KMS' } },
  } as const)) {
    await assert.rejects(ecr.send(new CreateRepositoryCommand({ repositoryName: 'app', ...input })), {
      name: 'NotImplemented',
      message: `ecr:CreateRepository does not implement ${part} yet.`,
    });
  }
});

test('an image that was pushed is listed, described, read, and deleted by tag and by digest', async (context) => {
  const { platform, ecr } = await opened(context);
  const repositoryName = 'app';
  const image = await small('one');
  await assert.rejects(pushImage(platform.origin, repositoryName, 'v1', image), /answered 404/);
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  await pushImage(platform.origin, repositoryName, 'v1', image);
  await pushImage(platform.origin, repositoryName, 'v2', image);
  const { imageIds } = await ecr.send(new ListImagesCommand({ repositoryName }));
  assert.deepEqual(imageIds, [
    { imageDigest: image.digest, imageTag: 'v1' },
    { imageDigest: image.digest, imageTag: 'v2' },
  ]);
  for (const [imageStatus, count] of [
    ['ACTIVE', 2],
    ['ARCHIVED', 0],
  ] as const) {
    const listed = await ecr.send(new ListImagesCommand({ repositoryName, filter: { imageStatus } }));
    assert.equal(listed.imageIds!.length, count, imageStatus);
  }
  const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
  const sizes = [...image.blobs.values()].map((blob) => blob.length);
  assert.equal(imageDetails![0]!.imageSizeInBytes, sizes[0]! + sizes[1]!);
  assert.deepEqual(imageDetails![0]!.imageTags, ['v1', 'v2']);
  const got = await ecr.send(
    new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'v1' }, { imageTag: 'none' }] }),
  );
  assert.equal(got.images![0]!.imageManifest, image.manifest.toString());
  assert.equal(got.images![0]!.imageManifestMediaType, OCI_MANIFEST);
  assert.deepEqual(got.failures, [
    {
      imageId: { imageTag: 'none' },
      failureCode: 'ImageNotFound',
      failureReason: 'Requested image not found',
    },
  ]);
  await assert.rejects(
    ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'none' }] })),
    {
      name: 'ImageNotFoundException',
    },
  );
  await assert.rejects(ecr.send(new DeleteRepositoryCommand({ repositoryName })), {
    name: 'RepositoryNotEmptyException',
  });
  await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageTag: 'v1' }] }));
  const [layerDigest] = image.blobs.keys();
  const available = async () => {
    const layerDigests = [layerDigest!];
    const { layers } = await ecr.send(
      new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests }),
    );
    return layers![0]!.layerAvailability;
  };
  assert.equal(await available(), 'AVAILABLE', 'v2 is there still');
  await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest: image.digest }] }));
  assert.equal(await available(), 'UNAVAILABLE');
  assert.deepEqual((await ecr.send(new ListImagesCommand({ repositoryName }))).imageIds, []);
});

test('a layer is uploaded in parts by the API, and an image made of it', async (context) => {
  const { ecr } = await opened(context);
  const repositoryName = 'app';
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const image = await small('by parts');
  const put = new PutImageCommand({
    repositoryName,
    imageManifest: image.manifest.toString(),
    imageTag: 'v1',
  });
  await assert.rejects(ecr.send(put), { name: 'LayersNotFoundException' });
  for (const [digest, content] of image.blobs) {
    const { uploadId } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }));
    const cut = Math.floor(content.length / 2);
    const part = (from: number, to: number) =>
      new UploadLayerPartCommand({
        repositoryName,
        uploadId,
        partFirstByte: from,
        partLastByte: to - 1,
        layerPartBlob: content.subarray(from, to),
      });
    await ecr.send(part(0, cut));
    await assert.rejects(ecr.send(part(0, cut)), { name: 'InvalidLayerPartException' });
    const { lastByteReceived } = await ecr.send(part(cut, content.length));
    assert.equal(lastByteReceived, content.length - 1);
    const complete = { repositoryName, uploadId, layerDigests: [digest] };
    assert.equal((await ecr.send(new CompleteLayerUploadCommand(complete))).layerDigest, digest);
    await assert.rejects(ecr.send(new CompleteLayerUploadCommand(complete)), {
      name: 'UploadNotFoundException',
    });
  }
  assert.equal((await ecr.send(put)).image!.imageId!.imageDigest, image.digest);
  await assert.rejects(ecr.send(put), { name: 'ImageAlreadyExistsException' });
  const [[layerDigest, content]] = [...image.blobs] as [[string, Buffer]];
  const { downloadUrl } = await ecr.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest }));
  assert.deepEqual(Buffer.from(await (await fetch(downloadUrl!)).arrayBuffer()), content);
});

test('an image is refused by another digest than its own, with a tag too', async (context) => {
  const { ecr } = await opened(context);
  const repositoryName = 'app';
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const imageManifest = (await small('one')).manifest.toString();
  const imageDigest = (await small('two')).digest;
  for (const more of [{}, { imageTag: 'v1' }])
    await assert.rejects(
      ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageDigest, ...more })),
      {
        name: 'ImageDigestDoesNotMatchException',
      },
    );
});

test('what an interrupted upload has sent goes, and no layer is larger than AWS takes', async (context) => {
  const directory = await scratchDirectory(context);
  const blobs = await openFileBlobStore({ directory });
  const uploads = new LayerUploads(blobs, new SettableClock(0), randomIds);
  const upload = uploads.begin('place');
  await upload.append(Buffer.alloc(100));
  upload.bytes = MAX_LAYER_BYTES - 1;
  await assert.rejects(upload.append(Buffer.alloc(2)), { name: 'LimitExceededException' });
  await uploads.close();
  assert.deepEqual(await readdir(join(directory, 'incoming')), []);
  assert.equal(uploads.find(upload.id, 'place'), undefined);
});

test('a tag of an immutable repository stays where it is', async (context) => {
  const { platform, ecr } = await opened(context);
  const repositoryName = 'app';
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  await ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }));
  await pushImage(platform.origin, repositoryName, 'v1', await small('one'));
  await assert.rejects(pushImage(platform.origin, repositoryName, 'v1', await small('two')), /immutable/);
  await pushImage(platform.origin, repositoryName, 'constructor', await small('two'));
});

test('a registry client pushes in chunks, mounts layers, and reads back what it has pushed', async (context) => {
  const { platform, ecr } = await opened(context);
  for (const repositoryName of ['app', 'other'])
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const base = `${platform.origin}/v2`;
  assert.equal((await fetch(`${base}/`)).headers.get('docker-distribution-api-version'), 'registry/2.0');
  const content = Buffer.from('a layer in three chunks');
  const digest = digestOf(content);
  const begun = await fetch(`${base}/app/blobs/uploads/`, { method: 'POST' });
  const upload = new URL(begun.headers.get('location')!, platform.origin);
  for (const [from, to] of [
    [0, 10],
    [10, 20],
  ] as const) {
    const headers = { 'content-range': `${from}-${to - 1}` };
    const sent = await fetch(upload, { method: 'PATCH', headers, body: content.subarray(from, to) });
    assert.deepEqual([sent.status, sent.headers.get('range')], [202, `0-${to - 1}`]);
  }
  const again = { method: 'PATCH', headers: { 'content-range': '0-9' }, body: content.subarray(0, 10) };
  assert.equal((await fetch(upload, again)).status, 416);
  upload.searchParams.set('digest', digest);
  assert.equal((await fetch(upload, { method: 'PUT', body: content.subarray(20) })).status, 201);
  const read = await fetch(`${base}/app/blobs/${digest}`);
  assert.equal(await read.text(), content.toString());
  assert.equal((await fetch(`${base}/other/blobs/${digest}`)).status, 404);
  assert.equal((await fetch(`${base}/other/blobs/constructor`)).status, 404);
  assert.equal((await fetch(`${base}/other/blobs/%ff`)).status, 400);
  const mount = await fetch(`${base}/other/blobs/uploads/?mount=${digest}&from=app`, { method: 'POST' });
  assert.equal(mount.status, 201);
  const head = await fetch(`${base}/other/blobs/${digest}`, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(content.length));
  const wrong = `${base}/app/blobs/uploads/?digest=${digestOf(Buffer.from('other'))}`;
  assert.equal((await fetch(wrong, { method: 'POST', body: content })).status, 400);
  await pushImage(platform.origin, 'app', 'v1', await small('one'));
  assert.deepEqual(await (await fetch(`${base}/app/tags/list`)).json(), { name: 'app', tags: ['v1'] });
  assert.deepEqual(await (await fetch(`${base}/_catalog`)).json(), { repositories: ['app', 'other'] });
});

test('with authorization, a registry takes the token of its account only, for twelve hours', async (context) => {
  const platform = await startedPlatform(context, { authorization: true });
  const ecr = new ECRClient(clientSettings(platform));
  context.after(() => ecr.destroy());
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  const url = `${platform.origin}/v2/app/tags/list`;
  const refused = await fetch(url);
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate')!, /^Basic /);
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const { authorizationToken, proxyEndpoint } = authorizationData![0]!;
  assert.match(proxyEndpoint!, /^http:\/\/000000000000\.dkr\.ecr\.us-east-1\.localhost:\d+$/);
  const headers = { authorization: `Basic ${authorizationToken}` };
  assert.equal((await fetch(url, { headers })).status, 200);
  await pushImage(platform.origin, 'app', 'v1', await small('one'), headers);
  await platform.clock.advance(12 * 60 * 60_000);
  assert.equal((await fetch(url, { headers })).status, 401);
});

test('what was pushed is there after a restart', async (context) => {
  const dataDir = await scratchDirectory(context);
  const before = await opened(context, dataDir);
  await before.ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  const image = await small('kept');
  await pushImage(before.platform.origin, 'app', 'v1', image);
  await before.platform.close();
  const after = await opened(context, dataDir);
  for (const [digest, content] of image.blobs) {
    const read = await fetch(`${after.platform.origin}/v2/app/blobs/${digest}`);
    assert.deepEqual(Buffer.from(await read.arrayBuffer()), content);
  }
  assert.equal((await fetch(`${after.platform.origin}/v2/app/manifests/v1`)).status, 200);
});

test('content goes from the disk with the last repository that uses it', async (context) => {
  const dataDir = await scratchDirectory(context);
  const { platform, ecr } = await opened(context, dataDir);
  const shared = { name: 'shared', content: 'shared' };
  const one = await builtImage({ layers: [[shared], [{ name: 'one', content: 'one' }]] });
  const two = await builtImage({ layers: [[shared]] });
  const stored = async (): Promise<string[]> => {
    const files = await readdir(join(dataDir, 'registry'), { recursive: true, withFileTypes: true });
    return files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `sha256:${basename(parentPath)}${name}`)
      .sort();
  };
  for (const [repositoryName, image] of [
    ['one', one],
    ['two', two],
  ] as const) {
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    await pushImage(platform.origin, repositoryName, 'v1', image);
  }
  assert.deepEqual(
    await stored(),
    [...new Set([one.digest, two.digest, ...one.blobs.keys(), ...two.blobs.keys()])].sort(),
  );
  await ecr.send(new BatchDeleteImageCommand({ repositoryName: 'one', imageIds: [{ imageTag: 'v1' }] }));
  assert.deepEqual(await stored(), [two.digest, ...two.blobs.keys()].sort());
  await ecr.send(new DeleteRepositoryCommand({ repositoryName: 'two', force: true }));
  assert.deepEqual(await stored(), []);
});

test('content that an interrupted push left goes at the next start', async (context) => {
  const dataDir = await scratchDirectory(context);
  await (await opened(context, dataDir)).platform.close();
  const directory = join(dataDir, 'registry');
  const { sha256 } = await (await openFileBlobStore({ directory })).put(Buffer.from('left behind'));
  await (await opened(context, dataDir)).platform.close();
  assert.equal(await (await openFileBlobStore({ directory })).has(sha256), false);
});

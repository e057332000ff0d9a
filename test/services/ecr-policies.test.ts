import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  CreateRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  ECRClient,
  GetRepositoryPolicyCommand,
  SetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import { randomIds } from '../../src/platform/random-ids.ts';
import type { RequestContext } from '../../src/ports/service.ts';
import type { Ecr } from '../../src/services/ecr/ecr.ts';
import { openEcr } from '../../src/services/ecr/ecr.ts';
import { openFileBlobStore } from '../../src/storage/files/blob-store.ts';
import { openSqliteStateStore } from '../../src/storage/sqlite/state-store.ts';
import { builtImage, pushImage } from '../kit/container-image.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { SettableClock } from './settable-clock.ts';

const ACCOUNT = '000000000000';
const OWNER = '111111111111';
const STRANGER = '222222222222';

const statement = (change: object = {}) => ({
  Sid: 'pull',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${STRANGER}:root` },
  Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
  ...change,
});
const policyOf = (...statements: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

test('a repository keeps the policy that it is given, as it was given', async (context) => {
  const platform = await startedPlatform(context);
  const ecr = new ECRClient(clientSettings(platform));
  context.after(() => ecr.destroy());
  const repositoryName = 'app';
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  // The words of AWS, as shown in aws-controllers-k8s/community issue 1873.
  const none = {
    name: 'RepositoryPolicyNotFoundException',
    message: `Repository policy does not exist for the repository with name 'app' in the registry with id '${ACCOUNT}'`,
  };
  await assert.rejects(ecr.send(new GetRepositoryPolicyCommand({ repositoryName })), none);
  await assert.rejects(ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName })), none);
  const policyText = policyOf(statement());
  const expected = { registryId: ACCOUNT, repositoryName, policyText };
  for (const command of [
    new SetRepositoryPolicyCommand({ repositoryName, policyText }),
    new GetRepositoryPolicyCommand({ repositoryName }),
    new DeleteRepositoryPolicyCommand({ repositoryName }),
  ]) {
    const { $metadata: _, ...answer } = await ecr.send(command as GetRepositoryPolicyCommand);
    assert.deepEqual(answer, expected);
  }
  await assert.rejects(ecr.send(new GetRepositoryPolicyCommand({ repositoryName })), none);
});

test('what is no policy of a repository is refused', async (context) => {
  const platform = await startedPlatform(context);
  const ecr = new ECRClient(clientSettings(platform));
  context.after(() => ecr.destroy());
  const repositoryName = 'app';
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const { Principal: _, ...nobody } = statement();
  for (const policyText of [
    'no JSON',
    '{}',
    policyOf(),
    policyOf(nobody),
    // As shown in awsdocs/amazon-ecr-user-guide pull request 20 and aws-cdk issue 3583.
    policyOf(statement({ Resource: '*' })),
  ])
    await assert.rejects(ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText })), {
      name: 'InvalidParameterException',
      message:
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
    });
});

interface OpenedRegistry {
  readonly ecr: Ecr;
  readonly origin: string;
  call(accountId: string, operation: string, input: object): Promise<Record<string, unknown>>;
  /** Header fields of a client that has the token of an account, at the registry of the owner. */
  asking(accountId: string, registryIds?: string[]): Promise<Record<string, string>>;
}

async function openedRegistry(context: TestContext): Promise<OpenedRegistry> {
  const directory = await scratchDirectory(context);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const state = await openSqliteStateStore({ file: join(directory, 'records.sqlite'), log });
  const ecr = await openEcr({
    state,
    blobs: await openFileBlobStore({ directory: await scratchDirectory(context) }),
    clock: new SettableClock(0),
    ids: randomIds,
    authorization: true,
    defaultRegistry: { accountId: ACCOUNT, region: 'us-east-1' },
  });
  const [protocol] = ecr.service.endpoints!;
  const server = createServer((request, response) => void protocol!.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  context.after(async () => {
    server.closeAllConnections();
    server.close();
    await ecr.close();
    await state.close();
  });
  const call: OpenedRegistry['call'] = async (accountId, operation, input) => {
    const caller: RequestContext = {
      requestId: 'id',
      region: 'us-east-1',
      accountId,
      accessKeyId: undefined,
      headers: {},
      origin,
      signal: new AbortController().signal,
      answerHeaders: {},
    };
    const handler = ecr.service.operations[operation] as (
      input: object,
      caller: RequestContext,
    ) => Promise<Record<string, unknown>>;
    return handler(input, caller);
  };
  const asking: OpenedRegistry['asking'] = async (accountId, registryIds) => {
    const answer = await call(accountId, 'GetAuthorizationToken', registryIds ? { registryIds } : {});
    const [data] = answer['authorizationData'] as { authorizationToken: string }[];
    return { authorization: `Basic ${data!.authorizationToken}` };
  };
  return { ecr, origin, call, asking };
}

test('another account pulls what a policy lets it, and nothing else', async (context) => {
  const { ecr, origin, call, asking } = await openedRegistry(context);
  const image = await builtImage({ layers: [[{ name: 'a', content: 'one' }]] });
  await call(OWNER, 'CreateRepository', { repositoryName: 'app' });
  await pushImage(origin, 'app', 'v1', image, await asking(OWNER));
  const [layer] = image.blobs.keys();
  // A token is that of its caller, whichever registry it was asked for.
  const headers = await asking(STRANGER, [OWNER]);
  const host = `${OWNER}.dkr.ecr.us-east-1.localhost`;
  const statusOf = (path: string, method = 'GET'): Promise<number> =>
    statusAt(origin, path, method, { ...headers, host });
  assert.equal(await statusOf('/v2/'), 200);
  for (const path of ['/v2/app/manifests/v1', `/v2/app/blobs/${layer}`, '/v2/none/tags/list', '/v2/_catalog'])
    assert.equal(await statusOf(path), 403, path);
  await call(OWNER, 'SetRepositoryPolicy', { repositoryName: 'app', policyText: policyOf(statement()) });
  assert.equal(await statusOf('/v2/app/manifests/v1'), 200);
  assert.equal(await statusOf(`/v2/app/blobs/${layer}`), 200);
  assert.equal(await statusOf('/v2/app/tags/list'), 403);
  assert.equal(await statusOf('/v2/app/blobs/uploads/', 'POST'), 403);
  const policyText = policyOf(statement(), statement({ Effect: 'Deny', Action: 'ecr:BatchGetImage' }));
  await call(OWNER, 'SetRepositoryPolicy', { repositoryName: 'app', policyText });
  assert.equal(await statusOf('/v2/app/manifests/v1'), 403);
  const shown = await ecr.service.resourcePolicy!(`arn:aws:ecr:us-east-1:${OWNER}:repository/app`);
  assert.deepEqual(shown?.statements[0]?.resources, ['*']);
  assert.equal(
    await ecr.service.resourcePolicy!(`arn:aws:ecr:us-east-1:${OWNER}:repository/none`),
    undefined,
  );
});

test('another account mounts the layers of those repositories alone that it may read', async (context) => {
  const { origin, call, asking } = await openedRegistry(context);
  const image = await builtImage({ layers: [[{ name: 'a', content: 'one' }]] });
  const [layer] = image.blobs.keys();
  for (const repositoryName of ['secret', 'open']) await call(OWNER, 'CreateRepository', { repositoryName });
  await pushImage(origin, 'secret', 'v1', image, await asking(OWNER));
  const push = statement({ Action: ['ecr:InitiateLayerUpload', 'ecr:GetDownloadUrlForLayer'] });
  await call(OWNER, 'SetRepositoryPolicy', { repositoryName: 'open', policyText: policyOf(push) });
  const headers = { ...(await asking(STRANGER)), host: `${OWNER}.dkr.ecr.us-east-1.localhost` };
  const mount = (): Promise<number> =>
    statusAt(origin, `/v2/open/blobs/uploads/?mount=${layer}&from=secret`, 'POST', headers);
  // 202: it has to be sent, as if there were none.
  assert.equal(await mount(), 202);
  assert.equal(await statusAt(origin, `/v2/open/blobs/${layer}`, 'GET', headers), 404);
  await call(OWNER, 'SetRepositoryPolicy', { repositoryName: 'secret', policyText: policyOf(statement()) });
  assert.equal(await mount(), 201);
});

test('tags and repositories are listed page by page, with links', async (context) => {
  const { origin, call, asking } = await openedRegistry(context);
  const headers = await asking(OWNER);
  for (const repositoryName of ['c', 'a', 'b']) await call(OWNER, 'CreateRepository', { repositoryName });
  const image = await builtImage({ layers: [[{ name: 'a' }]] });
  for (const tag of ['v3', 'v1', 'v2', 'V4']) await pushImage(origin, 'a', tag, image, headers);
  const listed = async (path: string): Promise<unknown[]> => {
    const response = await fetch(origin + path, { headers });
    assert.equal(response.status, 200);
    const body = (await response.json()) as Record<string, unknown>;
    return [body['tags'] ?? body['repositories'], response.headers.get('link')];
  };
  assert.deepEqual(await listed('/v2/a/tags/list'), [['V4', 'v1', 'v2', 'v3'], null]);
  assert.deepEqual(await listed('/v2/a/tags/list?n=2'), [
    ['V4', 'v1'],
    '</v2/a/tags/list?last=v1&n=2>; rel="next"',
  ]);
  assert.deepEqual(await listed('/v2/a/tags/list?last=v1&n=2'), [['v2', 'v3'], null]);
  assert.deepEqual(await listed('/v2/a/tags/list?last=v2'), [['v3'], null]);
  assert.deepEqual(await listed('/v2/a/tags/list?n=0'), [[], null]);
  assert.deepEqual(await listed('/v2/_catalog?n=2'), [['a', 'b'], '</v2/_catalog?last=b&n=2>; rel="next"']);
  assert.deepEqual(await listed('/v2/_catalog?n=2&last=b'), [['c'], null]);
  const refused = await fetch(`${origin}/v2/a/tags/list?n=many`, { headers });
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /PAGINATION_NUMBER_INVALID/);
});

/** The status of a request with another host's name, which `fetch` would not send. */
async function statusAt(
  origin: string,
  path: string,
  method: string,
  headers: Record<string, string>,
): Promise<number> {
  const sent = request(origin + path, { method, headers });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
  TagOpenIDConnectProviderCommand,
  UntagOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from '@aws-sdk/client-iam';
import { openIamClient, refusal } from './iam-clients.ts';

const THUMBPRINT = 'a031c46782e6e6c662c2c87c76da9aa62ccabd8e';

test('a provider is made, changed, tagged, listed and deleted', async (context) => {
  const { iam } = await openIamClient(context);
  const { OpenIDConnectProviderArn } = await iam.send(
    new CreateOpenIDConnectProviderCommand({
      Url: 'https://login.example.test/realm/',
      ClientIDList: ['app'],
      ThumbprintList: [THUMBPRINT.toUpperCase()],
      Tags: [{ Key: 'a', Value: '1' }],
    }),
  );
  assert.equal(OpenIDConnectProviderArn, 'arn:aws:iam::000000000000:oidc-provider/login.example.test/realm');
  const named = { OpenIDConnectProviderArn };
  const {
    $metadata: _1,
    CreateDate,
    ...provider
  } = await iam.send(new GetOpenIDConnectProviderCommand(named));
  assert.ok(CreateDate instanceof Date);
  assert.deepEqual(provider, {
    Url: 'login.example.test/realm',
    ClientIDList: ['app'],
    ThumbprintList: [THUMBPRINT],
    Tags: [{ Key: 'a', Value: '1' }],
  });
  const add = new AddClientIDToOpenIDConnectProviderCommand({ ...named, ClientID: 'other' });
  await iam.send(add);
  await iam.send(add);
  const ThumbprintList = ['b'.repeat(40)];
  await iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ ...named, ThumbprintList }));
  const changed = await iam.send(new GetOpenIDConnectProviderCommand(named));
  assert.deepEqual([changed.ClientIDList, changed.ThumbprintList], [['app', 'other'], ThumbprintList]);
  await iam.send(new TagOpenIDConnectProviderCommand({ ...named, Tags: [{ Key: 'b', Value: '2' }] }));
  await iam.send(new UntagOpenIDConnectProviderCommand({ ...named, TagKeys: ['a'] }));
  const { Tags } = await iam.send(new ListOpenIDConnectProviderTagsCommand(named));
  assert.deepEqual(Tags, [{ Key: 'b', Value: '2' }]);
  const list = async () =>
    (await iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList;
  assert.deepEqual(await list(), [{ Arn: OpenIDConnectProviderArn }]);
  await iam.send(new DeleteOpenIDConnectProviderCommand(named));
  assert.deepEqual(await list(), []);
  await assert.rejects(
    iam.send(new GetOpenIDConnectProviderCommand(named)),
    refusal(
      'NoSuchEntityException',
      `OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`,
      404,
    ),
  );
});

test('what is no provider is refused in AWS’s words', async (context) => {
  const { iam } = await openIamClient(context);
  const create = (Url: string, more = {}) =>
    iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['app'], ...more }));
  const bad = refusal('ValidationError', 'Invalid Open ID Connect Provider URL', 400);
  for (const Url of [
    'login.example.test',
    'http://login.example.test',
    'https://login.example.test/?a=1',
    'ftp://x',
  ])
    await assert.rejects(create(Url), bad, Url);
  const Url = 'https://login.example.test';
  await create(Url);
  await assert.rejects(
    create(Url),
    refusal('EntityAlreadyExistsException', `Provider with url ${Url} already exists.`, 409),
  );
  const thumbprints = (count: number, text = THUMBPRINT) => ({ ThumbprintList: Array(count).fill(text) });
  await assert.rejects(
    create('https://a.example.test', thumbprints(6)),
    refusal('InvalidInputException', 'Thumbprint list must contain fewer than 5 entries.', 400),
  );
  await assert.rejects(create('https://a.example.test', thumbprints(1, 'z'.repeat(40))), {
    name: 'InvalidInputException',
  });
  await assert.rejects(
    create('https://a.example.test', { ClientIDList: Array.from({ length: 101 }, (_, n) => `c${n}`) }),
    refusal('LimitExceededException', 'Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100', 409),
  );
});

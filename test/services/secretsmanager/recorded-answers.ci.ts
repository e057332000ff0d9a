/** What AWS was recorded to answer, and to refuse, member by member. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { recordedJson } from '../../kit/recorded.ts';
import { clientSettings, startedPlatform, TEST_REGION } from '../../kit/started-platform.ts';
import { Unifier } from '../../recorded/unification.ts';

type Answers = Readonly<Record<string, unknown>>;

const RECORDED = recordedJson<Readonly<Record<string, Answers>>>('secretsmanager', 'secretsmanager.json');

const Name = 'recorded';
const secret = { SecretId: Name };

/** One recorded test, and a client on a server of its own. */
async function replay(context: TestContext, name: string, firstVersion = '<uuid:1>') {
  const platform = await startedPlatform(context);
  const client = new SecretsManagerClient(clientSettings(platform));
  context.after(() => client.destroy());
  const answers = RECORDED[`TestSecretsManager::${name}`];
  assert.ok(answers, 'the record is there');
  const unifier = new Unifier({ accountId: '000000000000', region: TEST_REGION });
  return {
    client,
    /** Fails where the answer differs from the one of that label. */
    async same(label: string, answering: Promise<object>): Promise<void> {
      const { $metadata: _, ...answer } = (await answering) as { readonly $metadata?: unknown };
      assert.deepEqual(
        unifier.differences(normalised(answers[label], firstVersion), asJson(answer)),
        [],
        label,
      );
    },
    async refused(label: string, answering: Promise<object>): Promise<void> {
      const { Error: error } = answers[label] as { readonly Error: { Code: string; Message: string } };
      const refused = await answering.then(
        () => undefined,
        (reason: Error) => reason,
      );
      const said = { name: refused?.name, message: refused?.message };
      assert.deepEqual(unifier.differences({ name: error.Code, message: error.Message }, said), [], label);
    },
  };
}

/** With the name and the version that are used here, placeholders as others are, and no transport. */
function normalised(answer: unknown, firstVersion: string): unknown {
  const { ResponseMetadata: _, ...rest } = answer as Readonly<Record<string, unknown>>;
  const text = JSON.stringify(rest)
    .replaceAll('<SecretId-0idx>', Name)
    .replaceAll(/<ArnPart-(\d)idx>/g, '<arn-part:$1>')
    .replaceAll('version_uuid', 'uuid')
    .replaceAll('<uuid:1>', firstVersion);
  return JSON.parse(text) as unknown;
}

function asJson(answer: object): unknown {
  return JSON.parse(JSON.stringify(answer)) as unknown;
}

test('AWSCURRENT and AWSPREVIOUS move as recorded', async (context) => {
  const { client, same } = await replay(context, 'test_update_secret_version_stages_current_pending_cycle');
  const put = async (label: string, SecretString: string) => {
    const answer = client.send(
      new PutSecretValueCommand({ ...secret, SecretString, VersionStages: ['AWSPENDING'] }),
    );
    await same(label, answer);
    return (await answer).VersionId!;
  };
  const list = (label: string) => same(label, client.send(new ListSecretVersionIdsCommand(secret)));
  const get = (label: string) => same(label, client.send(new GetSecretValueCommand(secret)));
  const move = (label: string, from: string, to: string) =>
    same(
      label,
      client.send(
        new UpdateSecretVersionStageCommand({
          ...secret,
          VersionStage: 'AWSCURRENT',
          RemoveFromVersionId: from,
          MoveToVersionId: to,
        }),
      ),
    );
  const created = client.send(new CreateSecretCommand({ Name, SecretString: 'S1' }));
  await same('create_secret_rs_0', created);
  const first = (await created).VersionId!;
  const second = await put('put_secret_value_res_0', 'S2');
  await list('list_secret_version_ids_res_0');
  await get('get_secret_value_res_0');
  await move('update_secret_version_stage_res_0', first, second);
  await list('list_secret_version_ids_res_1');
  await get('get_secret_value_res_1');
  const third = await put('put_secret_value_res_1', 'S3');
  await list('list_secret_version_ids_res_2');
  await get('get_secret_value_res_2');
  await move('put_secret_value_res_2', second, third);
  await list('list_secret_version_ids_res_3');
  await get('get_secret_value_res_3');
  await same(
    'delete_secret_res_0',
    client.send(new DeleteSecretCommand({ ...secret, ForceDeleteWithoutRecovery: true })),
  );
});

for (const [name, later] of [
  ['test_non_versioning_version_stages_replacement', ['one', 'two', 'three', 'four']],
  ['test_non_versioning_version_stages_no_replacement', ['one', 'two', 'four']],
] as const)
  test(`labels of one's own move as recorded: ${name}`, async (context) => {
    const { client, same } = await replay(context, name);
    const put = (label: string, VersionStages: readonly string[]) =>
      same(
        label,
        client.send(
          new PutSecretValueCommand({ ...secret, SecretString: 'S', VersionStages: [...VersionStages] }),
        ),
      );
    const list = (label: string) => same(label, client.send(new ListSecretVersionIdsCommand(secret)));
    await same('create_secret_rs_0', client.send(new CreateSecretCommand({ Name, SecretString: 'S1' })));
    await put('put_secret_value_res_0', ['one', 'two', 'three']);
    await list('list_secret_version_ids_res_0');
    await put('put_secret_value_res_1', later);
    await list('list_secret_version_ids_res_1');
  });

test('versions without labels are listed as recorded', async (context) => {
  const { client, same } = await replay(context, 'test_deprecated_secret_version_stage');
  const put = (label: string, SecretString: string) =>
    same(label, client.send(new PutSecretValueCommand({ ...secret, SecretString })));
  const list = (label: string, IncludeDeprecated = false) =>
    same(label, client.send(new ListSecretVersionIdsCommand({ ...secret, IncludeDeprecated })));
  await same('create_secret', client.send(new CreateSecretCommand({ Name, SecretString: '1' })));
  await list('list_secret_version_ids');
  await put('put_secret_value_1', '2');
  await list('list_secret_version_ids_1');
  await put('put_secret_value_2', '3');
  await list('list_secret_version_ids_2');
  await list('list_secret_version_ids_3', true);
  await put('put_secret_value_3', '4');
  await list('list_secret_version_ids_4');
  await list('list_secret_version_ids_5', true);
});

test('tags come and go as recorded', async (context) => {
  const { client, same } = await replay(context, 'test_secret_tags');
  const tag = (...Keys: string[]) =>
    client.send(
      new TagResourceCommand({
        ...secret,
        Tags: Keys.map((Key) => ({ Key, Value: Key.replace('tag', 'value') })),
      }),
    );
  const untag = (...TagKeys: string[]) => client.send(new UntagResourceCommand({ ...secret, TagKeys }));
  const describe = (label: string) => same(label, client.send(new DescribeSecretCommand(secret)));
  await same('create_secret', client.send(new CreateSecretCommand({ Name })));
  await describe('describe_secret');
  await tag('tag1');
  await describe('describe_secret_1');
  await tag('tag2');
  await describe('describe_secret_2');
  await untag('tag1');
  await describe('describe_secret_3');
  await untag('tag2');
  await describe('describe_secret_4');
  await tag('tag3', 'tag4');
  await describe('describe_secret_5');
  await untag('tag3', 'tag4');
  await describe('describe_secret_6');
});

test('what is marked for deletion answers as recorded', async (context) => {
  const ClientRequestToken = 'a'.repeat(32);
  const { client, same } = await replay(context, 'test_force_delete_deleted_secret', ClientRequestToken);
  await same(
    'create_secret_response',
    client.send(new CreateSecretCommand({ Name, SecretString: 'x', ClientRequestToken })),
  );
  await same('delete_secret_response', client.send(new DeleteSecretCommand(secret)));
  await same('describe_secret_response', client.send(new DescribeSecretCommand(secret)));
  await same(
    'force_delete_secret_response',
    client.send(new DeleteSecretCommand({ ...secret, ForceDeleteWithoutRecovery: true })),
  );
  const tagged = await replay(context, 'test_tag_untag_resource_on_deleted_secret');
  await tagged.client.send(new CreateSecretCommand({ Name, SecretString: 'x' }));
  await tagged.client.send(new DeleteSecretCommand(secret));
  await tagged.refused(
    'tag_deleted_secret_error',
    tagged.client.send(new TagResourceCommand({ ...secret, Tags: [{ Key: 'a', Value: 'b' }] })),
  );
  await tagged.refused(
    'untag_deleted_secret_error',
    tagged.client.send(new UntagResourceCommand({ ...secret, TagKeys: ['a'] })),
  );
});

test('values, names and secrets that are not there are refused as recorded', async (context) => {
  const errors = await replay(context, 'test_get_secret_value_errors');
  const { VersionId } = await errors.client.send(new CreateSecretCommand({ Name, SecretString: 'x' }));
  const get = (input: object) => errors.client.send(new GetSecretValueCommand({ ...secret, ...input }));
  await errors.refused('error_get_secret_value_non_existing', get({ VersionStage: 'AWSPREVIOUS' }));
  await errors.refused('mismatch_version_id_and_stage', get({ VersionId, VersionStage: 'AWSPREVIOUS' }));
  const absent = await replay(context, 'test_secret_not_found');
  const nowhere = { SecretId: 'nowhere' };
  await absent.refused(
    'get_secret_value_not_found_ex',
    absent.client.send(new GetSecretValueCommand(nowhere)),
  );
  await absent.refused(
    'list_secret_version_ids_not_found_ex',
    absent.client.send(new ListSecretVersionIdsCommand(nowhere)),
  );
  const named = await replay(context, 'test_invalid_secret_name[ Inv*Name? ]');
  await named.refused(
    'ex_log_1',
    named.client.send(new CreateSecretCommand({ Name: ' Inv*Name? ', SecretString: 'x' })),
  );
});

/** Users, their keys and groups, by the SDK; words and codes of errors are AWS's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  GetGroupCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  PutGroupPolicyCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateGroupCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { GetAccessKeyInfoCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startedPlatform } from '../../kit/started-platform.ts';
import { allow, newUser, openIamClient, refusal, settingsOf } from './iam-clients.ts';

const ACCOUNT = '000000000000';
const BASIC = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

test('a user is made, read, changed and deleted', async (context) => {
  const { iam } = await openIamClient(context);
  const { User } = await iam.send(
    new CreateUserCommand({ UserName: 'Jane', Path: '/team/', Tags: [{ Key: 'a', Value: 'b' }] }),
  );
  assert.match(User!.UserId!, /^AIDA[A-Z2-7]{17}$/);
  assert.equal(User!.Arn, `arn:aws:iam::${ACCOUNT}:user/team/Jane`);
  assert.deepEqual(User!.Tags, [{ Key: 'a', Value: 'b' }]);
  await assert.rejects(
    iam.send(new CreateUserCommand({ UserName: 'jane' })),
    refusal('EntityAlreadyExistsException', 'User with name jane already exists.', 409),
  );
  // The words are recorded from AWS.
  await assert.rejects(
    iam.send(new GetUserCommand({ UserName: 'joe' })),
    refusal('NoSuchEntityException', 'The user with name joe cannot be found.', 404),
  );
  await iam.send(new UpdateUserCommand({ UserName: 'Jane', NewUserName: 'june', NewPath: '/' }));
  const { User: renamed } = await iam.send(new GetUserCommand({ UserName: 'june' }));
  assert.equal(renamed!.Arn, `arn:aws:iam::${ACCOUNT}:user/june`);
  assert.equal(renamed!.UserId, User!.UserId);
  await iam.send(new TagUserCommand({ UserName: 'june', Tags: [{ Key: 'c', Value: 'd' }] }));
  await iam.send(new UntagUserCommand({ UserName: 'june', TagKeys: ['a'] }));
  const { Tags } = await iam.send(new ListUserTagsCommand({ UserName: 'june' }));
  assert.deepEqual(Tags, [{ Key: 'c', Value: 'd' }]);
  await iam.send(new DeleteUserCommand({ UserName: 'june' }));
  await assert.rejects(iam.send(new GetUserCommand({ UserName: 'june' })), { name: 'NoSuchEntityException' });
});

test('a user is not deleted before what belongs to it', async (context) => {
  const { iam } = await openIamClient(context);
  const { accessKeyId } = await newUser(iam, 'jane', allow('s3:*'));
  await iam.send(new AttachUserPolicyCommand({ UserName: 'jane', PolicyArn: BASIC }));
  await iam.send(new CreateGroupCommand({ GroupName: 'g' }));
  await iam.send(new AddUserToGroupCommand({ UserName: 'jane', GroupName: 'g' }));
  const conflict = async (first: string): Promise<void> => {
    await assert.rejects(
      iam.send(new DeleteUserCommand({ UserName: 'jane' })),
      refusal('DeleteConflictException', `Cannot delete entity, must ${first} first.`, 409),
    );
  };
  await conflict('detach all policies');
  await iam.send(new DetachUserPolicyCommand({ UserName: 'jane', PolicyArn: BASIC }));
  await conflict('delete policies');
  await iam.send(new DeleteUserPolicyCommand({ UserName: 'jane', PolicyName: 'inline' }));
  await conflict('delete access keys');
  await iam.send(new DeleteAccessKeyCommand({ UserName: 'jane', AccessKeyId: accessKeyId }));
  await conflict('remove users from group');
  await assert.rejects(
    iam.send(new DeleteGroupCommand({ GroupName: 'g' })),
    refusal('DeleteConflictException', 'Cannot delete entity, must remove users from group first.', 409),
  );
  await iam.send(new RemoveUserFromGroupCommand({ UserName: 'jane', GroupName: 'g' }));
  await iam.send(new DeleteUserCommand({ UserName: 'jane' }));
  await iam.send(new DeleteGroupCommand({ GroupName: 'g' }));
});

test('a user has two keys at most, and each tells whose it is, without authorization too', async (context) => {
  const { iam, platform } = await openIamClient(context);
  const key = await newUser(iam, 'jane');
  assert.match(key.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.equal(key.secretAccessKey.length, 40);
  await iam.send(new CreateAccessKeyCommand({ UserName: 'jane' }));
  await assert.rejects(
    iam.send(new CreateAccessKeyCommand({ UserName: 'jane' })),
    refusal('LimitExceededException', 'Cannot exceed quota for AccessKeysPerUser: 2', 409),
  );
  const sts = new STSClient(settingsOf(platform, key));
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, `arn:aws:iam::${ACCOUNT}:user/jane`);
  const asJane = new IAMClient(settingsOf(platform, key));
  assert.equal(
    (await asJane.send(new GetUserCommand({}))).User?.UserName,
    'jane',
    'who asks for no name asks for itself',
  );
  const { AccessKeyMetadata } = await asJane.send(new ListAccessKeysCommand({}));
  assert.deepEqual(
    AccessKeyMetadata?.map(({ Status }) => Status),
    ['Active', 'Active'],
  );
  assert.equal((await iam.send(new GetUserCommand({}))).User?.Arn, `arn:aws:iam::${ACCOUNT}:root`);
  await assert.rejects(
    iam.send(new ListAccessKeysCommand({})),
    refusal('ValidationError', 'Must specify userName when calling with non-User credentials', 400),
  );
});

test('a key of another account calls in that account', async (context) => {
  const platform = await startedPlatform(context);
  const other = { accessKeyId: '111122223333', secretAccessKey: 'x' };
  const key = await newUser(new IAMClient(settingsOf(platform, other)), 'jane');
  const sts = new STSClient(settingsOf(platform, key));
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Account, '111122223333');
  const { Account } = await new STSClient(settingsOf(platform)).send(
    new GetAccessKeyInfoCommand({ AccessKeyId: key.accessKeyId }),
  );
  assert.equal(Account, '111122223333');
});

test('inline policies keep what was written, and are limited by size', async (context) => {
  const { iam } = await openIamClient(context);
  await iam.send(new CreateUserCommand({ UserName: 'jane' }));
  // White space and percent signs are kept; so recorded from AWS.
  const text =
    '{"Version": "2012-10-17",\n "Statement": [{"Effect": "Allow", "Action": ["apigatway:PUT"], "Resource": ["arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway"]}]}';
  await iam.send(new PutUserPolicyCommand({ UserName: 'jane', PolicyName: 'p', PolicyDocument: text }));
  const { PolicyDocument } = await iam.send(new GetUserPolicyCommand({ UserName: 'jane', PolicyName: 'p' }));
  assert.equal(decodeURIComponent(PolicyDocument!), text);
  assert.deepEqual((await iam.send(new ListUserPoliciesCommand({ UserName: 'jane' }))).PolicyNames, ['p']);
  const large = allow(Array.from({ length: 200 }, (_, index) => `service:Action${index}`));
  await assert.rejects(
    iam.send(new PutUserPolicyCommand({ UserName: 'jane', PolicyName: 'large', PolicyDocument: large })),
    refusal('LimitExceededException', 'Maximum policy size of 2048 bytes exceeded for user jane', 409),
  );
  await assert.rejects(
    iam.send(new GetUserPolicyCommand({ UserName: 'jane', PolicyName: 'q' })),
    refusal('NoSuchEntityException', 'The user policy with name q cannot be found.', 404),
  );
});

test('groups have members and policies', async (context) => {
  const { iam } = await openIamClient(context);
  const { Group } = await iam.send(new CreateGroupCommand({ GroupName: 'g' }));
  assert.match(Group!.GroupId!, /^AGPA[A-Z2-7]{17}$/);
  for (const UserName of ['b', 'a']) {
    await iam.send(new CreateUserCommand({ UserName }));
    await iam.send(new AddUserToGroupCommand({ UserName, GroupName: 'g' }));
  }
  const { Users } = await iam.send(new GetGroupCommand({ GroupName: 'g' }));
  assert.deepEqual(
    Users?.map(({ UserName }) => UserName),
    ['a', 'b'],
  );
  const { Groups } = await iam.send(new ListGroupsForUserCommand({ UserName: 'a' }));
  assert.deepEqual(
    Groups?.map(({ GroupName }) => GroupName),
    ['g'],
  );
  await iam.send(new UpdateGroupCommand({ GroupName: 'g', NewGroupName: 'h' }));
  const { Groups: renamed } = await iam.send(new ListGroupsForUserCommand({ UserName: 'a' }));
  assert.deepEqual(
    renamed?.map(({ GroupName }) => GroupName),
    ['h'],
    'members stay in a group of another name',
  );
  await iam.send(new UpdateGroupCommand({ GroupName: 'h', NewGroupName: 'g' }));
  await iam.send(
    new PutGroupPolicyCommand({ GroupName: 'g', PolicyName: 'p', PolicyDocument: allow('s3:*') }),
  );
  await assert.rejects(
    iam.send(new DeleteGroupCommand({ GroupName: 'g' })),
    refusal('DeleteConflictException', 'Cannot delete entity, must delete policies first.', 409),
  );
});

test('lists come in pages, by name', async (context) => {
  const { iam } = await openIamClient(context);
  for (const UserName of ['e', 'b', 'd', 'a', 'c']) await iam.send(new CreateUserCommand({ UserName }));
  const names: (string | undefined)[][] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(new ListUsersCommand({ MaxItems: 2, Marker }));
    names.push(page.Users!.map(({ UserName }) => UserName));
    assert.equal(page.IsTruncated, page.Marker !== undefined);
    Marker = page.Marker;
  } while (Marker !== undefined);
  assert.deepEqual(names, [['a', 'b'], ['c', 'd'], ['e']]);
  await assert.rejects(iam.send(new ListUsersCommand({ Marker: 'made up' })), { name: 'ValidationError' });
});

test('what is attached is listed, by path', async (context) => {
  const { iam } = await openIamClient(context);
  await iam.send(new CreateUserCommand({ UserName: 'jane' }));
  for (const PolicyArn of [BASIC, 'arn:aws:iam::aws:policy/AdministratorAccess'])
    await iam.send(new AttachUserPolicyCommand({ UserName: 'jane', PolicyArn }));
  const list = async (PathPrefix?: string) => {
    const answer = await iam.send(new ListAttachedUserPoliciesCommand({ UserName: 'jane', PathPrefix }));
    return answer.AttachedPolicies?.map(({ PolicyName }) => PolicyName);
  };
  assert.deepEqual(await list(), ['AdministratorAccess', 'AWSLambdaBasicExecutionRole']);
  assert.deepEqual(await list('/service-role/'), ['AWSLambdaBasicExecutionRole']);
});

/** Roles, managed policies and the simulator, by the SDK; words and codes of errors are AWS's. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetContextKeysForCustomPolicyCommand,
  GetInstanceProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  SetDefaultPolicyVersionCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { openPlatform } from '../../kit/started-platform.ts';
import { allow, document, newUser, openIamClient, refusal, settingsOf, trust } from './iam-clients.ts';

const ACCOUNT = '000000000000';
const LAMBDA = trust({ Service: 'lambda.amazonaws.com' });
const BASIC = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
const policyArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:policy/${name}`;

test('a role is described as AWS does it: less when it is made, more when it is read', async (context) => {
  const { iam } = await openIamClient(context);
  const made = await iam.send(
    new CreateRoleCommand({
      RoleName: 'r',
      Path: '/service-role/',
      AssumeRolePolicyDocument: LAMBDA,
      Tags: [{ Key: 'test', Value: 'value' }],
    }),
  );
  // Members of the three answers as recorded from AWS.
  const members = ['Path', 'RoleName', 'RoleId', 'Arn', 'CreateDate', 'AssumeRolePolicyDocument'].sort();
  assert.deepEqual(Object.keys(made.Role!).sort(), [...members, 'Tags'].sort());
  assert.equal(made.Role!.Arn, `arn:aws:iam::${ACCOUNT}:role/service-role/r`);
  assert.match(made.Role!.RoleId!, /^AROA[A-Z2-7]{17}$/);
  assert.equal(decodeURIComponent(made.Role!.AssumeRolePolicyDocument!), LAMBDA);
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'r' }));
  assert.deepEqual(
    Object.keys(Role!).sort(),
    [...members, 'Tags', 'MaxSessionDuration', 'RoleLastUsed'].sort(),
  );
  assert.equal(Role!.MaxSessionDuration, 3_600);
  const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: '/service-role/' }));
  assert.deepEqual(Object.keys(Roles![0]!).sort(), [...members, 'MaxSessionDuration'].sort());
  await iam.send(new UpdateRoleCommand({ RoleName: 'r', Description: 'd', MaxSessionDuration: 7_200 }));
  const { Role: updated } = await iam.send(new GetRoleCommand({ RoleName: 'r' }));
  assert.deepEqual([updated!.Description, updated!.MaxSessionDuration], ['d', 7_200]);
});

test('policies that are none are refused in the words of AWS', async (context) => {
  const { iam } = await openIamClient(context);
  const trustErrors: readonly (readonly [policy: string, words: string])[] = [
    // Recorded from AWS.
    ['{"Version":', 'This policy contains invalid Json'],
    [allow('sts:AssumeRole'), 'Has prohibited field Resource'],
    [document({ Effect: 'Allow', Action: 'sts:AssumeRole' }), 'Missing required field Principal'],
    [
      trust({ AWS: '*' }, { Action: 's3:GetObject' }),
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    [trust({ AWS: 'jane' }), 'Invalid principal in policy: "AWS":"jane"'],
    [trust({ Service: 'lambda' }), 'Invalid principal in policy: "SERVICE":"lambda"'],
  ];
  for (const [AssumeRolePolicyDocument, words] of trustErrors)
    await assert.rejects(
      iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument })),
      refusal('MalformedPolicyDocumentException', words, 400),
    );
  const statement = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  const identityErrors: readonly (readonly [policy: string, words: string])[] = [
    [JSON.stringify({ Statement: statement }), 'Policy document must be version 2012-10-17 or greater.'],
    [document({ ...statement, Principal: '*' }), 'Policy document should not specify a principal.'],
    [document({ ...statement, Resource: 'bucket' }), 'Resource bucket must be in ARN format or "*".'],
    [document({ ...statement, Resource: [] }), 'Policy statement must contain resources.'],
    [document({ ...statement, Action: [] }), 'Policy statement must contain actions.'],
    [
      document({ ...statement, Action: 'everything' }),
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [document({ ...statement, Action: 'a_b:c' }), 'Vendor a_b is not valid'],
    [
      document({ ...statement, Sid: 'a' }, { ...statement, Sid: 'a' }),
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    [
      document({ ...statement, Sid: 'a b' }),
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    ],
    [document({ ...statement, Efect: 'Allow' }), 'Syntax errors in policy.'],
  ];
  for (const [PolicyDocument, words] of identityErrors)
    await assert.rejects(
      iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument })),
      refusal('MalformedPolicyDocumentException', words, 400),
    );
  const services = Array.from({ length: 100 }, (_, index) => `service-${index}.amazonaws.com`);
  await assert.rejects(
    iam.send(
      new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust({ Service: services }) }),
    ),
    refusal('LimitExceededException', 'Cannot exceed quota for ACLSizePerRole: 2048', 409),
  );
});

test('only policies that are there are attached', async (context) => {
  const { iam } = await openIamClient(context);
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: LAMBDA }));
  await iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('s3:*') }));
  const attach = (PolicyArn: string) => iam.send(new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn }));
  // Words and codes recorded from AWS.
  for (const malformed of ['longpolicynamebutnoarn', `${'p'.repeat(20)}`])
    await assert.rejects(
      attach(malformed),
      refusal('ValidationError', 'Invalid ARN:  Could not be parsed!', 400),
    );
  await assert.rejects(
    attach(policyArn('p123')),
    refusal('NoSuchEntityException', `Policy ${policyArn('p123')} does not exist or is not attachable.`, 404),
  );
  await attach(policyArn('p'));
  await attach(policyArn('p'));
  assert.equal(
    (await iam.send(new GetPolicyCommand({ PolicyArn: policyArn('p') }))).Policy?.AttachmentCount,
    1,
  );
  await assert.rejects(
    iam.send(new DeletePolicyCommand({ PolicyArn: policyArn('p') })),
    refusal('DeleteConflictException', 'Cannot delete a policy attached to entities.', 409),
  );
  await assert.rejects(
    iam.send(new DeleteRoleCommand({ RoleName: 'r' })),
    refusal('DeleteConflictException', 'Cannot delete entity, must detach all policies first.', 409),
  );
  const { PolicyRoles } = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn: policyArn('p') }));
  assert.deepEqual(
    PolicyRoles?.map(({ RoleName }) => RoleName),
    ['r'],
  );
  await iam.send(new DetachRolePolicyCommand({ RoleName: 'r', PolicyArn: policyArn('p') }));
  await iam.send(new DeletePolicyCommand({ PolicyArn: policyArn('p') }));
  await assert.rejects(
    iam.send(new GetPolicyCommand({ PolicyArn: policyArn('p') })),
    refusal('NoSuchEntityException', `Policy ${policyArn('p')} was not found.`, 404),
  );
  await iam.send(new DeleteRoleCommand({ RoleName: 'r' }));
});

test('a policy has five versions at most, one of them in force', async (context) => {
  const { iam } = await openIamClient(context);
  const PolicyArn = policyArn('p');
  await iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('s3:*') }));
  const add = (action: string, SetAsDefault = false) =>
    iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow(action), SetAsDefault }));
  const { PolicyVersion } = await add('s3:Get*', true);
  assert.deepEqual([PolicyVersion?.VersionId, PolicyVersion?.IsDefaultVersion], ['v2', true]);
  for (const action of ['a:b', 'c:d', 'e:f']) await add(action);
  await assert.rejects(
    add('g:h'),
    refusal(
      'LimitExceededException',
      'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
      409,
    ),
  );
  await assert.rejects(
    iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' })),
    refusal('DeleteConflictException', 'Cannot delete the default version of a policy.', 409),
  );
  await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
  await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
  await add('i:j');
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  assert.deepEqual(
    Versions?.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion]),
    [
      ['v6', false],
      ['v5', true],
      ['v4', false],
      ['v3', false],
      ['v2', false],
    ],
  );
  const version = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v2' }));
  assert.equal(decodeURIComponent(version.PolicyVersion!.Document!), allow('s3:Get*'));
});

test("AWS's own policies for functions are there and cannot be changed", async (context) => {
  const { iam } = await openIamClient(context);
  const version = await iam.send(new GetPolicyVersionCommand({ PolicyArn: BASIC, VersionId: 'v1' }));
  assert.deepEqual(JSON.parse(decodeURIComponent(version.PolicyVersion!.Document!)), {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '*',
      },
    ],
  });
  const { Policies } = await iam.send(
    new ListPoliciesCommand({ Scope: 'AWS', PathPrefix: '/service-role/', MaxItems: 100 }),
  );
  const names = Policies!.map(({ PolicyName }) => PolicyName);
  for (const name of ['SQSQueue', 'Kinesis', 'DynamoDB', 'MSK', 'VPCAccess'])
    assert.ok(names.includes(`AWSLambda${name}ExecutionRole`), name);
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn: BASIC })), { name: 'AccessDenied' });
});

test('boundaries and instance profiles hold on to what they name', async (context) => {
  const { iam } = await openIamClient(context);
  await iam.send(new CreatePolicyCommand({ PolicyName: 'limit', PolicyDocument: allow('logs:*') }));
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'r',
      AssumeRolePolicyDocument: LAMBDA,
      PermissionsBoundary: policyArn('limit'),
    }),
  );
  const read = async () => (await iam.send(new GetRoleCommand({ RoleName: 'r' }))).Role?.PermissionsBoundary;
  assert.equal((await read())?.PermissionsBoundaryArn, policyArn('limit'));
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn: policyArn('limit') })), {
    name: 'DeleteConflictException',
  });
  await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'r' }));
  assert.equal(await read(), undefined);
  await iam.send(
    new PutRolePermissionsBoundaryCommand({ RoleName: 'r', PermissionsBoundary: policyArn('limit') }),
  );
  assert.equal((await read())?.PermissionsBoundaryArn, policyArn('limit'));

  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'i' }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'i', RoleName: 'r' }));
  const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName: 'i' }));
  assert.deepEqual(
    InstanceProfile?.Roles?.map(({ RoleName }) => RoleName),
    ['r'],
  );
  await assert.rejects(
    iam.send(new DeleteRoleCommand({ RoleName: 'r' })),
    refusal(
      'DeleteConflictException',
      'Cannot delete entity, must remove roles from instance profile first.',
      409,
    ),
  );
  await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'i', RoleName: 'r' }));
  await iam.send(new DeleteRoleCommand({ RoleName: 'r' }));
});

test('the simulator decides as the server would', async (context) => {
  const { iam } = await openIamClient(context);
  await newUser(iam, 'jane', allow('s3:PutObject'));
  const PolicySourceArn = `arn:aws:iam::${ACCOUNT}:user/jane`;
  const resource = 'arn:aws:s3:::bucket';
  const { EvaluationResults } = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn,
      ActionNames: ['s3:PutObject', 's3:GetObjectVersion'],
      ResourceArns: [resource],
    }),
  );
  // Actions, decisions and the type of the policy as recorded from AWS for these two actions.
  assert.deepEqual(
    EvaluationResults?.map((result) => [
      result.EvalActionName,
      result.EvalDecision,
      result.EvalResourceName,
      result.MatchedStatements,
    ]),
    [
      ['s3:PutObject', 'allowed', resource, [{ SourcePolicyId: 'inline', SourcePolicyType: 'IAM Policy' }]],
      ['s3:GetObjectVersion', 'implicitDeny', resource, []],
    ],
  );
  const conditional = document({
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  });
  const simulate = async (value?: string) => {
    const { EvaluationResults: results } = await iam.send(
      new SimulateCustomPolicyCommand({
        PolicyInputList: [allow('s3:*'), conditional],
        ActionNames: ['s3:GetObject'],
        ...(value === undefined
          ? {}
          : {
              ContextEntries: [
                {
                  ContextKeyName: 'aws:SecureTransport',
                  ContextKeyValues: [value],
                  ContextKeyType: 'boolean' as const,
                },
              ],
            }),
      }),
    );
    return [results![0]!.EvalDecision, results![0]!.MissingContextValues];
  };
  assert.deepEqual(await simulate('true'), ['allowed', []]);
  assert.deepEqual(await simulate('false'), ['explicitDeny', []]);
  assert.deepEqual(await simulate(), ['allowed', ['aws:SecureTransport']]);
  const { ContextKeyNames } = await iam.send(
    new GetContextKeysForCustomPolicyCommand({
      PolicyInputList: [conditional, allow('s3:*', `arn:aws:s3:::b/\${aws:username}`)],
    }),
  );
  assert.deepEqual(ContextKeyNames, ['aws:SecureTransport', 'aws:username']);
});

test('an inline policy may have any name, and none is there before it is put', async (context) => {
  const { iam } = await openIamClient(context);
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: LAMBDA }));
  for (const PolicyName of ['constructor', '__proto__']) {
    const named = { RoleName: 'r', PolicyName };
    const missing = refusal(
      'NoSuchEntityException',
      `The role policy with name ${PolicyName} cannot be found.`,
    );
    await assert.rejects(iam.send(new GetRolePolicyCommand(named)), missing);
    await assert.rejects(iam.send(new DeleteRolePolicyCommand(named)), missing);
    await iam.send(new PutRolePolicyCommand({ ...named, PolicyDocument: allow('s3:*') }));
    const { PolicyDocument } = await iam.send(new GetRolePolicyCommand(named));
    assert.equal(decodeURIComponent(PolicyDocument!), allow('s3:*'));
    await iam.send(new DeleteRolePolicyCommand(named));
    await assert.rejects(iam.send(new GetRolePolicyCommand(named)), missing);
  }
});

test('all that decides on permissions is listed at once', async (context) => {
  const { iam } = await openIamClient(context);
  await newUser(iam, 'jane', allow('s3:*'));
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: LAMBDA }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: allow('sqs:*') }),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn: BASIC }));
  await iam.send(new CreatePolicyCommand({ PolicyName: 'own', PolicyDocument: allow('sns:*') }));
  const all = await iam.send(new GetAccountAuthorizationDetailsCommand({}));
  assert.deepEqual(
    all.UserDetailList?.map(({ UserName }) => UserName),
    ['jane'],
  );
  const [role] = all.RoleDetailList!;
  assert.equal(decodeURIComponent(role!.RolePolicyList![0]!.PolicyDocument!), allow('sqs:*'));
  assert.deepEqual(role!.AttachedManagedPolicies, [
    { PolicyName: 'AWSLambdaBasicExecutionRole', PolicyArn: BASIC },
  ]);
  assert.deepEqual(
    all.Policies?.map(({ PolicyName, AttachmentCount }) => [PolicyName, AttachmentCount]),
    [
      ['AWSLambdaBasicExecutionRole', 1],
      ['own', 0],
    ],
  );
  const roles = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }));
  assert.deepEqual([roles.UserDetailList, roles.RoleDetailList?.length, roles.Policies], [[], 1, []]);
});

test('everything outlives the server', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'iam-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const first = await openPlatform({ dataDir });
  const iam = new IAMClient(settingsOf(first));
  const key = await newUser(iam, 'jane', allow('iam:*'));
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: LAMBDA }));
  await iam.send(
    new UpdateAssumeRolePolicyCommand({ RoleName: 'r', PolicyDocument: trust({ AWS: ACCOUNT }) }),
  );
  await first.close();
  const second = await openPlatform({ dataDir, authorization: true });
  context.after(() => second.close());
  const asJane = new IAMClient(settingsOf(second, key));
  const { Role } = await asJane.send(new GetRoleCommand({ RoleName: 'r' }));
  assert.equal(decodeURIComponent(Role!.AssumeRolePolicyDocument!), trust({ AWS: ACCOUNT }));
  await asJane.send(new CreateUserCommand({ UserName: 'joe' }));
});

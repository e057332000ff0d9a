/** Policies enforced, from the side of clients: who may do what, and in which words others are refused. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogStreamsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  RemoveUserFromGroupCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  GetFunctionCommand,
  LambdaClient,
  ListFunctionsCommand,
  TagResourceCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import type { KeyPair } from '../../services/iam/iam-clients.ts';
import { allow, document, newUser, refusal, settingsOf, trust } from '../../services/iam/iam-clients.ts';

const ACCOUNT = '000000000000';
const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f`;
const OTHER = { accessKeyId: '111122223333', secretAccessKey: 'test' };

describe('with authorization', () => {
  let platform: Platform;
  let iam: IAMClient;
  before(async () => {
    platform = await openPlatform({ authorization: true });
    iam = new IAMClient(settingsOf(platform));
  });
  after(() => platform.close());

  const lambda = (key?: KeyPair) => new LambdaClient(settingsOf(platform, key));
  const sts = (key?: KeyPair) => new STSClient(settingsOf(platform, key));
  const getFunction = (key: KeyPair) => lambda(key).send(new GetFunctionCommand({ FunctionName: 'f' }));
  const notFound = { name: 'ResourceNotFoundException' };
  const denied = (
    user: string,
    action: string,
    resource: string,
    reason: string,
    code = 'AccessDeniedException',
  ) =>
    refusal(
      code,
      `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
      403,
    );
  const userArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:user/${name}`;
  const noPolicy = (name: string, action: string, resource: string, code?: string) =>
    denied(
      userArn(name),
      action,
      resource,
      `because no identity-based policy allows the ${action} action`,
      code,
    );

  it('the root user may do all', async () => {
    assert.deepEqual((await lambda().send(new ListFunctionsCommand({}))).Functions, []);
  });

  it('a user without policies is refused in the words of AWS and the code of the protocol', async () => {
    const key = await newUser(iam, 'bare');
    await assert.rejects(getFunction(key), noPolicy('bare', 'lambda:GetFunction', FUNCTION));
    await assert.rejects(
      new IAMClient(settingsOf(platform, key)).send(new GetUserCommand({ UserName: 'bare' })),
      noPolicy('bare', 'iam:GetUser', userArn('bare'), 'AccessDenied'),
    );
    await assert.rejects(
      new CloudWatchLogsClient(settingsOf(platform, key)).send(
        new CreateLogGroupCommand({ logGroupName: '/g' }),
      ),
      refusal(
        'AccessDeniedException',
        /logs:CreateLogGroup on resource: arn:aws:logs:us-east-1:000000000000:log-group:\/g:log-stream: because/,
        400,
      ),
    );
    const { Arn } = await sts(key).send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, userArn('bare'), 'that is anyone free to ask');
  });

  it('a user may do what its policies allow, with the resources they name', async () => {
    const key = await newUser(iam, 'reader', allow('lambda:Get*', FUNCTION));
    await assert.rejects(getFunction(key), notFound, 'it got as far as the operation');
    const other = `${FUNCTION}2`;
    await assert.rejects(
      lambda(key).send(new GetFunctionCommand({ FunctionName: 'f2' })),
      noPolicy('reader', 'lambda:GetFunction', other),
    );
    await assert.rejects(
      lambda(key).send(new ListFunctionsCommand({})),
      noPolicy('reader', 'lambda:ListFunctions', '*'),
    );
  });

  it('an explicit deny and a boundary are told apart', async () => {
    const key = await newUser(
      iam,
      'limited',
      document(
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'lambda:GetFunction', Resource: '*' },
      ),
    );
    const identity = 'with an explicit deny in an identity-based policy';
    await assert.rejects(
      getFunction(key),
      denied(userArn('limited'), 'lambda:GetFunction', FUNCTION, identity),
    );
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: 'only-logs', PolicyDocument: allow('logs:*') }),
    );
    await iam.send(
      new PutUserPermissionsBoundaryCommand({ UserName: 'limited', PermissionsBoundary: Policy!.Arn! }),
    );
    await assert.rejects(
      lambda(key).send(new ListFunctionsCommand({})),
      denied(
        userArn('limited'),
        'lambda:ListFunctions',
        '*',
        'because no permissions boundary allows the lambda:ListFunctions action',
      ),
    );
  });

  it('a user may do what its groups may, as long as it is in them', async () => {
    const key = await newUser(iam, 'member');
    await iam.send(new CreateGroupCommand({ GroupName: 'readers' }));
    await iam.send(
      new PutGroupPolicyCommand({
        GroupName: 'readers',
        PolicyName: 'p',
        PolicyDocument: allow('lambda:GetFunction'),
      }),
    );
    const membership = { GroupName: 'readers', UserName: 'member' };
    await iam.send(new AddUserToGroupCommand(membership));
    await assert.rejects(getFunction(key), notFound);
    await iam.send(new RemoveUserFromGroupCommand(membership));
    await assert.rejects(getFunction(key), noPolicy('member', 'lambda:GetFunction', FUNCTION));
  });

  it('conditions on what a request would do have its values', async () => {
    type Row = readonly [name: string, condition: object, call: (client: LambdaClient) => Promise<unknown>];
    const layer = 'arn:aws:lambda:us-east-1:123456789012:layer:l:1';
    const rows: readonly Row[] = [
      [
        'layers',
        { 'ForAnyValue:StringLike': { 'lambda:Layer': ['arn:aws:lambda:*:123456789012:layer:*'] } },
        (client) =>
          client.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Layers: [layer] })),
      ],
      [
        'urls',
        { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
        (client) =>
          client.send(new CreateFunctionUrlConfigCommand({ FunctionName: 'f', AuthType: 'AWS_IAM' })),
      ],
      [
        'granters',
        { StringEquals: { 'lambda:Principal': 's3.amazonaws.com' } },
        (client) =>
          client.send(
            new AddPermissionCommand({
              FunctionName: 'f',
              StatementId: 's',
              Action: 'lambda:InvokeFunction',
              Principal: 's3.amazonaws.com',
            }),
          ),
      ],
      [
        'taggers',
        {
          StringEquals: { 'aws:RequestTag/team': 'a' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] },
        },
        (client) => client.send(new TagResourceCommand({ Resource: FUNCTION, Tags: { team: 'a' } })),
      ],
    ];
    for (const [name, Condition, call] of rows) {
      // Only with the condition met is it refused, so the request must have had the value.
      const negative = document(
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'lambda:*', Resource: '*', Condition },
      );
      const refused = await newUser(iam, `no-${name}`, negative);
      await assert.rejects(call(lambda(refused)), { name: 'AccessDeniedException' }, name);
    }
    const granter = await newUser(iam, 'granter', allow('lambda:*', '*', { Condition: rows[2]![1] }));
    await assert.rejects(rows[2]![2](lambda(granter)), notFound);
    await assert.rejects(rows[1]![2](lambda(granter)), { name: 'AccessDeniedException' });
  });

  it('a policy of AWS can be attached, and a key that is switched off is unknown', async () => {
    const key = await newUser(iam, 'admin');
    await iam.send(
      new AttachUserPolicyCommand({
        UserName: 'admin',
        PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
      }),
    );
    await assert.rejects(getFunction(key), notFound);
    await iam.send(
      new UpdateAccessKeyCommand({ UserName: 'admin', AccessKeyId: key.accessKeyId, Status: 'Inactive' }),
    );
    await assert.rejects(
      getFunction(key),
      refusal('UnrecognizedClientException', 'The security token included in the request is invalid.', 403),
    );
  });

  it('a role is passed on only by those who may pass it', async () => {
    const role = `arn:aws:iam::${ACCOUNT}:role/passed`;
    const create = (key: KeyPair) =>
      lambda(key).send(
        new CreateFunctionCommand({
          FunctionName: 'f',
          Role: role,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Code: { ZipFile: Buffer.from('no zip') },
        }),
      );
    const newRole = (RoleName: string, service: string) =>
      iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust({ Service: service }) }));
    const key = await newUser(iam, 'maker', allow('lambda:*'));
    await assert.rejects(create(key), noPolicy('maker', 'iam:PassRole', role));
    const passTo = (service: string) =>
      document(
        { Effect: 'Allow', Action: 'lambda:*', Resource: '*' },
        {
          Effect: 'Allow',
          Action: 'iam:PassRole',
          Resource: role,
          Condition: { StringEquals: { 'iam:PassedToService': service } },
        },
      );
    const passer = await newUser(iam, 'passer', passTo('lambda.amazonaws.com'));
    const unassumable = refusal(
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
      400,
    );
    await newRole('passed', 'ec2.amazonaws.com');
    await assert.rejects(create(passer), unassumable);
    await iam.send(
      new UpdateAssumeRolePolicyCommand({
        RoleName: 'passed',
        PolicyDocument: trust({ Service: 'lambda.amazonaws.com' }),
      }),
    );
    await assert.rejects(
      create(passer),
      refusal('InvalidParameterValueException', /unzip/i),
      'it got as far as the zip',
    );
    await assert.rejects(
      create(await newUser(iam, 'ec2-passer', passTo('ec2.amazonaws.com'))),
      noPolicy('ec2-passer', 'iam:PassRole', role),
    );
  });

  it('conditions hold requests against where they come from and what they ask for', async () => {
    const fromHere = await newUser(
      iam,
      'here',
      allow('lambda:*', '*', {
        Condition: {
          IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
          StringEquals: { 'aws:RequestedRegion': 'us-east-1' },
        },
      }),
    );
    await assert.rejects(getFunction(fromHere), notFound);
    const elsewhere = await newUser(
      iam,
      'elsewhere',
      allow('lambda:*', '*', { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }),
    );
    await assert.rejects(getFunction(elsewhere), noPolicy('elsewhere', 'lambda:GetFunction', FUNCTION));
    const later = await newUser(
      iam,
      'later',
      allow('lambda:*', '*', {
        Condition: { DateGreaterThan: { 'aws:CurrentTime': '2999-01-01T00:00:00Z' } },
      }),
    );
    await assert.rejects(getFunction(later), noPolicy('later', 'lambda:GetFunction', FUNCTION));
  });

  it('variables name the user, also in resources of IAM with their paths', async () => {
    const policy = allow('iam:GetUser', `arn:aws:iam::${ACCOUNT}:user/team/\${aws:username}`);
    await iam.send(new CreateUserCommand({ UserName: 'placeholder', Path: '/team/' }));
    const key = await newUser(iam, 'plain', policy);
    const asUser = new IAMClient(settingsOf(platform, key));
    await assert.rejects(
      asUser.send(new GetUserCommand({ UserName: 'placeholder' })),
      noPolicy('plain', 'iam:GetUser', userArn('team/placeholder'), 'AccessDenied'),
    );
  });

  it('who asks IAM about nobody by name asks about itself', async () => {
    const own = allow('iam:*AccessKey*', `arn:aws:iam::${ACCOUNT}:user/\${aws:username}`);
    const key = await newUser(iam, 'self', own);
    const asUser = new IAMClient(settingsOf(platform, key));
    assert.equal((await asUser.send(new ListAccessKeysCommand({}))).AccessKeyMetadata?.length, 1);
    await assert.rejects(
      asUser.send(new ListAccessKeysCommand({ UserName: 'plain' })),
      noPolicy('self', 'iam:ListAccessKeys', userArn('plain'), 'AccessDenied'),
    );
  });

  it('a queue is named by its URL, and resources in groups of logs as AWS names them', async () => {
    await new SQSClient(settingsOf(platform)).send(new CreateQueueCommand({ QueueName: 'q' }));
    const queue = `arn:aws:sqs:us-east-1:${ACCOUNT}:q`;
    const key = await newUser(iam, 'sender', allow(['sqs:SendMessage'], queue));
    const sqs = new SQSClient({ ...settingsOf(platform, key) });
    const QueueUrl = `${platform.origin}/${ACCOUNT}/q`;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await assert.rejects(
      sqs.send(new GetQueueAttributesCommand({ QueueUrl })),
      refusal(
        'AccessDenied',
        /sqs:getqueueattributes on resource: arn:aws:sqs:us-east-1:000000000000:q because/,
      ),
    );
    const logKey = await newUser(
      iam,
      'logger',
      allow('logs:*', `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/aws/lambda/f:*`),
    );
    const logs = new CloudWatchLogsClient(settingsOf(platform, logKey));
    await assert.rejects(
      logs.send(new DescribeLogStreamsCommand({ logGroupName: '/aws/lambda/f' })),
      notFound,
    );
    await assert.rejects(logs.send(new DescribeLogStreamsCommand({ logGroupName: '/aws/lambda/g' })), {
      name: 'AccessDeniedException',
    });
  });

  describe('roles', () => {
    const assume = (key: KeyPair | undefined, RoleName: string, rest = {}) =>
      sts(key).send(
        new AssumeRoleCommand({
          RoleArn: `arn:aws:iam::${ACCOUNT}:role/${RoleName}`,
          RoleSessionName: 'job',
          ...rest,
        }),
      );
    const keyOf = (answer: {
      Credentials?:
        | {
            AccessKeyId?: string | undefined;
            SecretAccessKey?: string | undefined;
            SessionToken?: string | undefined;
          }
        | undefined;
    }): KeyPair => ({
      accessKeyId: answer.Credentials!.AccessKeyId!,
      secretAccessKey: answer.Credentials!.SecretAccessKey!,
      sessionToken: answer.Credentials!.SessionToken!,
    });
    const newRole = (RoleName: string, AssumeRolePolicyDocument: string) =>
      iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));

    it('are taken by those whom trust policy and own policies let, and give what their policies allow', async () => {
      const jane = await newUser(iam, 'jane');
      await newRole('reader-role', trust({ AWS: userArn('jane') }));
      await iam.send(
        new PutRolePolicyCommand({
          RoleName: 'reader-role',
          PolicyName: 'p',
          PolicyDocument: allow('lambda:GetFunction', FUNCTION),
        }),
      );
      const session = keyOf(await assume(jane, 'reader-role'));
      await assert.rejects(getFunction(session), notFound);
      const { Arn } = await sts(session).send(new GetCallerIdentityCommand({}));
      const sessionArn = `arn:aws:sts::${ACCOUNT}:assumed-role/reader-role/job`;
      assert.equal(Arn, sessionArn);
      await assert.rejects(
        lambda(session).send(new ListFunctionsCommand({})),
        denied(
          sessionArn,
          'lambda:ListFunctions',
          '*',
          'because no identity-based policy allows the lambda:ListFunctions action',
        ),
      );
      await assert.rejects(
        getFunction({ ...session, sessionToken: `${session.sessionToken}x` }),
        refusal('UnrecognizedClientException', /security token/),
      );
    });

    it('are refused to others, in the words of AWS', async () => {
      const joe = await newUser(iam, 'joe', allow('sts:AssumeRole'));
      const reason = 'because no role trust policy allows the sts:AssumeRole action';
      await newRole('not-for-joe', trust({ AWS: userArn('jane') }));
      await assert.rejects(
        assume(joe, 'not-for-joe'),
        refusal(
          'AccessDenied',
          `User: ${userArn('joe')} is not authorized to perform: sts:AssumeRole ${reason}`,
          403,
        ),
      );
      const roleArn = `arn:aws:iam::${ACCOUNT}:role/no-such-role`;
      await assert.rejects(
        assume(joe, 'no-such-role'),
        refusal(
          'AccessDenied',
          `User: ${userArn('joe')} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
          403,
        ),
      );
      await newRole('for-account', trust({ AWS: ACCOUNT }));
      await assume(joe, 'for-account');
      const poor = await newUser(iam, 'poor');
      await assert.rejects(
        assume(poor, 'for-account'),
        noPolicy('poor', 'sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/for-account`, 'AccessDenied'),
      );
    });

    it('an external id and tags are conditions of trust', async () => {
      await newRole(
        'external',
        trust({ AWS: ACCOUNT }, { Condition: { StringEquals: { 'sts:ExternalId': 'secret' } } }),
      );
      await assert.rejects(assume(undefined, 'external'), { name: 'AccessDenied' });
      await assert.rejects(assume(undefined, 'external', { ExternalId: 'wrong' }), { name: 'AccessDenied' });
      await assume(undefined, 'external', { ExternalId: 'secret' });
      const Tags = [{ Key: 'team', Value: 'a' }];
      await assert.rejects(
        assume(undefined, 'external', { ExternalId: 'secret', Tags }),
        refusal(
          'AccessDenied',
          /sts:TagSession because no role trust policy allows the sts:TagSession action$/,
        ),
      );
      await iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName: 'external',
          PolicyDocument: trust({ AWS: ACCOUNT }, { Action: ['sts:AssumeRole', 'sts:TagSession'] }),
        }),
      );
      await iam.send(
        new PutRolePolicyCommand({
          RoleName: 'external',
          PolicyName: 'p',
          PolicyDocument: allow('lambda:*', '*', {
            Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } },
          }),
        }),
      );
      await assert.rejects(getFunction(keyOf(await assume(undefined, 'external', { Tags }))), notFound);
      await assert.rejects(getFunction(keyOf(await assume(undefined, 'external'))), {
        name: 'AccessDeniedException',
      });
    });

    it('trust has conditions on where the request comes from, as every policy', async () => {
      const within = (Effect: string, range: string) => ({
        Effect,
        Principal: { AWS: ACCOUNT },
        Action: 'sts:AssumeRole',
        Condition: { IpAddress: { 'aws:SourceIp': range } },
      });
      await newRole('near', document(within('Allow', '127.0.0.0/8')));
      await assume(undefined, 'near');
      const denial = document(within('Allow', '127.0.0.0/8'), within('Deny', '127.0.0.1/32'));
      await newRole('nowhere', denial);
      await assert.rejects(assume(undefined, 'nowhere'), /with an explicit deny in the role trust policy$/);
    });

    it('a session policy limits a session', async () => {
      await newRole('wide', trust({ AWS: ACCOUNT }));
      await iam.send(
        new PutRolePolicyCommand({ RoleName: 'wide', PolicyName: 'p', PolicyDocument: allow('*') }),
      );
      const session = keyOf(await assume(undefined, 'wide', { Policy: allow('lambda:GetFunction') }));
      await assert.rejects(getFunction(session), notFound);
      await assert.rejects(
        lambda(session).send(new ListFunctionsCommand({})),
        refusal('AccessDeniedException', /because no session policy allows the lambda:ListFunctions action$/),
      );
      const managed = await assume(undefined, 'wide', {
        PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaRole' }],
      });
      await assert.rejects(getFunction(keyOf(managed)), { name: 'AccessDeniedException' });
    });

    it('another account takes a role that trusts it', async () => {
      await newRole('for-others', trust({ AWS: OTHER.accessKeyId }));
      const session = keyOf(await assume(OTHER, 'for-others'));
      assert.equal(
        (await sts(session).send(new GetCallerIdentityCommand({}))).Account,
        ACCOUNT,
        'whose account the session is in',
      );
      await newRole('not-for-others', trust({ AWS: ACCOUNT }));
      await assert.rejects(assume(OTHER, 'not-for-others'), { name: 'AccessDenied' });
    });

    it('sessions of a user are the user; a federated user has what both policies allow', async () => {
      const key = await newUser(iam, 'session-maker', allow(['lambda:*', 'sts:*']));
      const own = keyOf(await sts(key).send(new GetSessionTokenCommand({})));
      assert.equal((await sts(own).send(new GetCallerIdentityCommand({}))).Arn, userArn('session-maker'));
      await assert.rejects(getFunction(own), notFound);
      const federated = keyOf(
        await sts(key).send(
          new GetFederationTokenCommand({ Name: 'guest', Policy: allow(['lambda:GetFunction', 'logs:*']) }),
        ),
      );
      await assert.rejects(getFunction(federated), notFound);
      const guest = `arn:aws:sts::${ACCOUNT}:federated-user/guest`;
      await assert.rejects(
        new CloudWatchLogsClient(settingsOf(platform, federated)).send(
          new CreateLogGroupCommand({ logGroupName: '/g' }),
        ),
        refusal('AccessDeniedException', new RegExp(`^User: ${guest} .* no identity-based policy allows`)),
      );
      await assert.rejects(lambda(federated).send(new ListFunctionsCommand({})), /no session policy allows/);
    });
  });
});

/** Actions and resources of calls, by the Service Authorization Reference. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requiredPermissions } from '../../../src/platform/authorization/required-permissions.ts';

type Row = readonly [call: string, input: Readonly<Record<string, unknown>>, ...permissions: string[]];

const CALLER = 'arn:aws:iam::111122223333:user/jane';
const REGIONAL = 'us-east-1:111122223333';
const ROLE = 'arn:aws:iam::111122223333:role/r';
const KEY = `arn:aws:kms:${REGIONAL}:key/1234`;
const ALIAS = `arn:aws:kms:${REGIONAL}:alias/a`;
const QUEUE = 'arn:aws:sqs:us-east-1:444455556666:q';
const TASK = Buffer.from(JSON.stringify({ taskId: 't', sourceArn: QUEUE })).toString('base64');
const EXECUTION = `arn:aws:lambda:${REGIONAL}:function:f:1/durable-execution/n/i`;
const PROVIDER = `arn:aws:lambda:${REGIONAL}:capacity-provider:p`;

const TABLE = `arn:aws:dynamodb:${REGIONAL}:table/t`;
const SECRET = `arn:aws:secretsmanager:${REGIONAL}:secret:known-a1B2c3`;
const TABLE_ELSEWHERE = 'arn:aws:dynamodb:us-east-1:444455556666:table/t';

const ROWS: readonly Row[] = [
  ['lambda:Invoke', { FunctionName: 'f' }, `lambda:InvokeFunction arn:aws:lambda:${REGIONAL}:function:f`],
  [
    'lambda:InvokeWithResponseStream',
    { FunctionName: 'f', Qualifier: 'live' },
    `lambda:InvokeFunction arn:aws:lambda:${REGIONAL}:function:f:live`,
  ],
  [
    'lambda:GetFunction',
    { FunctionName: 'f:3' },
    `lambda:GetFunction arn:aws:lambda:${REGIONAL}:function:f:3`,
  ],
  [
    'lambda:GetFunction',
    { FunctionName: '444455556666:function:f' },
    'lambda:GetFunction arn:aws:lambda:us-east-1:444455556666:function:f',
  ],
  [
    'lambda:GetFunction',
    { FunctionName: 'arn:aws:lambda:eu-west-1:444455556666:function:f:live' },
    'lambda:GetFunction arn:aws:lambda:eu-west-1:444455556666:function:f:live',
  ],
  // Further forms that Lambda's model lets through: no name may be read differently here than there.
  [
    'lambda:GetFunction',
    { FunctionName: 'us-east-1:444455556666:function:f' },
    'lambda:GetFunction arn:aws:lambda:us-east-1:444455556666:function:f',
  ],
  [
    'lambda:GetFunction',
    { FunctionName: 'arn:aws-us-gov:lambda:444455556666:f:live' },
    'lambda:GetFunction arn:aws:lambda:us-east-1:444455556666:function:f:live',
  ],
  [
    'lambda:StopDurableExecution',
    { DurableExecutionArn: EXECUTION },
    `lambda:StopDurableExecution ${EXECUTION}`,
  ],
  [
    'lambda:DeleteCapacityProvider',
    { CapacityProviderName: 'p' },
    `lambda:DeleteCapacityProvider ${PROVIDER}`,
  ],
  [
    'lambda:CreateCapacityProvider',
    { CapacityProviderName: PROVIDER, PermissionsConfig: { CapacityProviderOperatorRoleArn: ROLE } },
    `lambda:CreateCapacityProvider ${PROVIDER}`,
    `iam:PassRole ${ROLE}`,
  ],
  [
    'lambda:UpdateFunctionConfiguration',
    {
      FunctionName: 'f',
      CapacityProviderConfig: {
        LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn: PROVIDER },
      },
    },
    `lambda:UpdateFunctionConfiguration arn:aws:lambda:${REGIONAL}:function:f`,
    `lambda:PassCapacityProvider ${PROVIDER}`,
  ],
  [
    'lambda:CreateFunction',
    { FunctionName: 'f', Role: ROLE, Layers: ['arn:aws:lambda:us-east-1:1:layer:l:1'] },
    `lambda:CreateFunction arn:aws:lambda:${REGIONAL}:function:f`,
    `iam:PassRole ${ROLE}`,
    'lambda:GetLayerVersion arn:aws:lambda:us-east-1:1:layer:l:1',
  ],
  [
    'lambda:GetLayerVersion',
    { LayerName: 'l', VersionNumber: 2 },
    `lambda:GetLayerVersion arn:aws:lambda:${REGIONAL}:layer:l:2`,
  ],
  ['lambda:ListLayers', {}, 'lambda:ListLayers *'],
  ['lambda:CreateEventSourceMapping', { FunctionName: 'f' }, 'lambda:CreateEventSourceMapping *'],
  [
    'lambda:GetEventSourceMapping',
    { UUID: 'u' },
    `lambda:GetEventSourceMapping arn:aws:lambda:${REGIONAL}:event-source-mapping:u`,
  ],
  [
    'sqs:SendMessageBatch',
    { QueueUrl: 'http://localhost:4566/444455556666/q' },
    'sqs:SendMessage arn:aws:sqs:us-east-1:444455556666:q',
  ],
  ['sqs:CreateQueue', { QueueName: 'q' }, `sqs:CreateQueue arn:aws:sqs:${REGIONAL}:q`],
  ['sqs:ListQueues', {}, 'sqs:ListQueues *'],
  [
    'sqs:PurgeQueue',
    { QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/444455556666/q/' },
    'sqs:PurgeQueue arn:aws:sqs:eu-west-1:444455556666:q',
  ],
  ['sqs:PurgeQueue', { QueueUrl: 'q' }, `sqs:PurgeQueue arn:aws:sqs:${REGIONAL}:q`],
  ['sqs:CancelMessageMoveTask', { TaskHandle: TASK }, `sqs:CancelMessageMoveTask ${QUEUE}`],
  [
    'sqs:StartMessageMoveTask',
    { SourceArn: QUEUE, DestinationArn: `arn:aws:sqs:${REGIONAL}:other` },
    `sqs:StartMessageMoveTask ${QUEUE}`,
    `sqs:ReceiveMessage ${QUEUE}`,
    `sqs:DeleteMessage ${QUEUE}`,
    `sqs:GetQueueAttributes ${QUEUE}`,
    `sqs:SendMessage arn:aws:sqs:${REGIONAL}:other`,
  ],
  [
    'logs:PutLogEvents',
    { logGroupName: '/g', logStreamName: 's' },
    `logs:PutLogEvents arn:aws:logs:${REGIONAL}:log-group:/g:log-stream:s`,
  ],
  ['logs:DescribeLogGroups', {}, `logs:DescribeLogGroups arn:aws:logs:${REGIONAL}:log-group::log-stream:`],
  [
    'logs:TagResource',
    { resourceArn: `arn:aws:logs:${REGIONAL}:log-group:/g`, tags: {} },
    `logs:TagResource arn:aws:logs:${REGIONAL}:log-group:/g`,
  ],
  [
    'logs:GetLogEvents',
    { logGroupIdentifier: `arn:aws:logs:${REGIONAL}:log-group:/g:*`, logStreamName: 's' },
    `logs:GetLogEvents arn:aws:logs:${REGIONAL}:log-group:/g:log-stream:s`,
  ],
  [
    'logs:StartLiveTail',
    { logGroupIdentifiers: [`arn:aws:logs:${REGIONAL}:log-group:/g`, '/h'] },
    `logs:StartLiveTail arn:aws:logs:${REGIONAL}:log-group:/g:log-stream:`,
    `logs:StartLiveTail arn:aws:logs:${REGIONAL}:log-group:/h:log-stream:`,
  ],
  ['iam:CreateUser', { UserName: 'u', Path: '/p/' }, 'iam:CreateUser arn:aws:iam::111122223333:user/p/u'],
  ['iam:GetRole', { RoleName: 'known' }, 'iam:GetRole arn:aws:iam::111122223333:role/path/known'],
  ['iam:GetUser', {}, `iam:GetUser ${CALLER}`],
  [
    'iam:AddRoleToInstanceProfile',
    { RoleName: 'known', InstanceProfileName: 'p' },
    'iam:AddRoleToInstanceProfile arn:aws:iam::111122223333:instance-profile/p',
  ],
  [
    'iam:UpdateUser',
    { UserName: 'known', NewUserName: 'n' },
    'iam:UpdateUser arn:aws:iam::111122223333:user/path/known',
    'iam:UpdateUser arn:aws:iam::111122223333:user/path/n',
  ],
  [
    'iam:UpdateGroup',
    { GroupName: 'known', NewPath: '/p/' },
    'iam:UpdateGroup arn:aws:iam::111122223333:group/path/known',
    'iam:UpdateGroup arn:aws:iam::111122223333:group/p/known',
  ],
  ['iam:ListRoles', {}, 'iam:ListRoles arn:aws:iam::111122223333:role/'],
  ['iam:GetPolicy', { PolicyArn: 'arn:aws:iam::aws:policy/P' }, 'iam:GetPolicy arn:aws:iam::aws:policy/P'],
  ['sts:GetCallerIdentity', {}],
  [
    'sts:GetFederationToken',
    { Name: 'guest' },
    'sts:GetFederationToken arn:aws:sts::111122223333:federated-user/guest',
  ],
  ['kms:Encrypt', { KeyId: 'alias/a' }, `kms:Encrypt ${KEY}`],
  ['kms:Encrypt', { KeyId: '5678' }, `kms:Encrypt arn:aws:kms:${REGIONAL}:key/5678`],
  ['kms:ListKeys', {}, 'kms:ListKeys *'],
  ['kms:DeleteAlias', { AliasName: 'alias/a' }, `kms:DeleteAlias ${KEY}`, `kms:DeleteAlias ${ALIAS}`],
  [
    'kms:UpdateAlias',
    { AliasName: 'alias/a', TargetKeyId: '5678' },
    `kms:UpdateAlias arn:aws:kms:${REGIONAL}:key/5678`,
    `kms:UpdateAlias ${ALIAS}`,
    `kms:UpdateAlias ${KEY}`,
  ],
  ['kms:Decrypt', { CiphertextBlob: Uint8Array.of(1) }, `kms:Decrypt ${KEY}`],
  ['kms:Decrypt', { CiphertextBlob: Uint8Array.of(2) }, 'kms:Decrypt *'],
  [
    'kms:ReEncrypt',
    { CiphertextBlob: Uint8Array.of(1), DestinationKeyId: '5678' },
    `kms:ReEncryptFrom ${KEY}`,
    `kms:ReEncryptTo arn:aws:kms:${REGIONAL}:key/5678`,
  ],
  ['ecr:PutImage', { repositoryName: 'a/b' }, `ecr:PutImage arn:aws:ecr:${REGIONAL}:repository/a/b`],
  [
    'ecr:BatchDeleteImage',
    { registryId: '444455556666', repositoryName: 'a' },
    'ecr:BatchDeleteImage arn:aws:ecr:us-east-1:444455556666:repository/a',
  ],
  [
    'ecr:DescribeRepositories',
    { repositoryNames: ['a', 'b'] },
    `ecr:DescribeRepositories arn:aws:ecr:${REGIONAL}:repository/a`,
    `ecr:DescribeRepositories arn:aws:ecr:${REGIONAL}:repository/b`,
  ],
  [
    'ecr:DescribeRepositories',
    { registryId: '444455556666' },
    'ecr:DescribeRepositories arn:aws:ecr:us-east-1:444455556666:repository/*',
  ],
  ['s3:GetObject', { Bucket: 'b', Key: 'k', VersionId: 'v' }, 's3:GetObjectVersion arn:aws:s3:::b/k'],
  [
    's3:GetObjectAttributes',
    { Bucket: 'b', Key: 'k' },
    's3:GetObjectAttributes arn:aws:s3:::b/k',
    's3:GetObject arn:aws:s3:::b/k',
  ],
  [
    's3:PutObject',
    { Bucket: 'b', Key: 'k', Tagging: 'a=b' },
    's3:PutObject arn:aws:s3:::b/k',
    's3:PutObjectTagging arn:aws:s3:::b/k',
  ],
  [
    's3:CopyObject',
    { Bucket: 'b', Key: 'k', CopySource: '/from/a%20key?versionId=v' },
    's3:PutObject arn:aws:s3:::b/k',
    's3:GetObjectVersion arn:aws:s3:::from/a key',
  ],
  [
    's3:UploadPartCopy',
    { Bucket: 'b', Key: 'k', CopySource: 'from/key' },
    's3:PutObject arn:aws:s3:::b/k',
    's3:GetObject arn:aws:s3:::from/key',
  ],
  [
    's3:DeleteObjects',
    { Bucket: 'b', Delete: { Objects: [{ Key: 'k' }, { Key: 'l', VersionId: 'v' }] } },
    's3:DeleteObject arn:aws:s3:::b/k',
    's3:DeleteObjectVersion arn:aws:s3:::b/l',
  ],
  ['s3:DeleteBucketCors', { Bucket: 'b' }, 's3:PutBucketCORS arn:aws:s3:::b'],
  ['s3:HeadObject', { Bucket: 'b', Key: 'k/l' }, 's3:GetObject arn:aws:s3:::b/k/l'],
  ['s3:ListObjectsV2', { Bucket: 'b' }, 's3:ListBucket arn:aws:s3:::b'],
  ['dynamodb:GetItem', { TableName: 't' }, `dynamodb:GetItem ${TABLE}`],
  ['dynamodb:GetItem', { TableName: TABLE_ELSEWHERE }, `dynamodb:GetItem ${TABLE_ELSEWHERE}`],
  ['dynamodb:ListTables', {}, 'dynamodb:ListTables *'],
  ['dynamodb:TagResource', { ResourceArn: TABLE_ELSEWHERE }, `dynamodb:TagResource ${TABLE_ELSEWHERE}`],
  ['dynamodb:Query', { TableName: 't', IndexName: 'i' }, `dynamodb:Query ${TABLE}/index/i`],
  [
    'dynamodb:BatchGetItem',
    { RequestItems: { t: {}, [TABLE_ELSEWHERE]: {} } },
    `dynamodb:BatchGetItem ${TABLE}`,
    `dynamodb:BatchGetItem ${TABLE_ELSEWHERE}`,
  ],
  ['dynamodb:BatchWriteItem', { RequestItems: { t: [] } }, `dynamodb:BatchWriteItem ${TABLE}`],
  // Source: "Using IAM with DynamoDB transactions".
  [
    'dynamodb:TransactWriteItems',
    {
      TransactItems: [
        { Put: { TableName: 't' } },
        { Put: { TableName: 't' } },
        { ConditionCheck: { TableName: 't' } },
        { Delete: { TableName: TABLE_ELSEWHERE } },
      ],
    },
    `dynamodb:PutItem ${TABLE}`,
    `dynamodb:ConditionCheckItem ${TABLE}`,
    `dynamodb:DeleteItem ${TABLE_ELSEWHERE}`,
  ],
  [
    'dynamodb:TransactGetItems',
    { TransactItems: [{ Get: { TableName: 't' } }] },
    `dynamodb:GetItem ${TABLE}`,
  ],
  // Source: "IAM security policies with PartiQL for DynamoDB".
  [
    'dynamodb:ExecuteStatement',
    { Statement: 'SELECT * FROM "t"."i"' },
    `dynamodb:PartiQLSelect ${TABLE}/index/i`,
  ],
  [
    'dynamodb:BatchExecuteStatement',
    { Statements: [{ Statement: "INSERT INTO t VALUE {'pk': 'a'}" }, { Statement: 'nonsense' }] },
    `dynamodb:PartiQLInsert ${TABLE}`,
  ],
  [
    'dynamodb:ExecuteTransaction',
    {
      TransactStatements: [
        { Statement: 'DELETE FROM t WHERE pk = ?', Parameters: [{ S: 'a' }] },
        { Statement: "UPDATE t SET a = 1 WHERE pk = 'b'" },
      ],
    },
    `dynamodb:PartiQLDelete ${TABLE}`,
    `dynamodb:PartiQLUpdate ${TABLE}`,
  ],
  ['dynamodb:ExecuteStatement', { Statement: 'nonsense' }],
  [
    'dynamodbstreams:GetShardIterator',
    { StreamArn: `${TABLE}/stream/1` },
    `dynamodb:GetShardIterator ${TABLE}/stream/1`,
  ],
  [
    'dynamodbstreams:GetRecords',
    { ShardIterator: `${TABLE}/stream/1|1|W10=` },
    `dynamodb:GetRecords ${TABLE}/stream/1`,
  ],
  ['dynamodbstreams:ListStreams', { TableName: 't' }, 'dynamodb:ListStreams *'],
  ['sns:PublishBatch', { TopicArn: `arn:aws:sns:${REGIONAL}:t` }, `sns:Publish arn:aws:sns:${REGIONAL}:t`],
  [
    'events:PutEvents',
    { Entries: [{}, { EventBusName: 'b' }, { EventBusName: 'default' }] },
    `events:PutEvents arn:aws:events:${REGIONAL}:event-bus/default`,
    `events:PutEvents arn:aws:events:${REGIONAL}:event-bus/b`,
  ],
  ['ssm:GetParameter', { Name: '/a/b' }, `ssm:GetParameter arn:aws:ssm:${REGIONAL}:parameter/a/b`],
  [
    'scheduler:CreateSchedule',
    { Name: 's', Target: { RoleArn: ROLE } },
    `scheduler:CreateSchedule arn:aws:scheduler:${REGIONAL}:schedule/default/s`,
    `iam:PassRole ${ROLE}`,
  ],
  [
    'scheduler:GetSchedule',
    { Name: 's', GroupName: 'g' },
    `scheduler:GetSchedule arn:aws:scheduler:${REGIONAL}:schedule/g/s`,
  ],
  [
    'scheduler:DeleteScheduleGroup',
    { Name: 'g' },
    `scheduler:DeleteScheduleGroup arn:aws:scheduler:${REGIONAL}:schedule-group/g`,
  ],
  ['scheduler:ListSchedules', { GroupName: 'g' }, 'scheduler:ListSchedules *'],
  [
    'stepfunctions:StartExecution',
    { stateMachineArn: `arn:aws:states:${REGIONAL}:stateMachine:m` },
    `states:StartExecution arn:aws:states:${REGIONAL}:stateMachine:m`,
  ],
  ['secretsmanager:GetSecretValue', { SecretId: 'known' }, `secretsmanager:GetSecretValue ${SECRET}`],
  ['secretsmanager:DeleteSecret', { SecretId: SECRET }, `secretsmanager:DeleteSecret ${SECRET}`],
  [
    'secretsmanager:CreateSecret',
    { Name: 'new' },
    `secretsmanager:CreateSecret arn:aws:secretsmanager:${REGIONAL}:secret:new-??????`,
  ],
  [
    'secretsmanager:BatchGetSecretValue',
    { SecretIdList: ['known', SECRET] },
    'secretsmanager:BatchGetSecretValue *',
    `secretsmanager:GetSecretValue ${SECRET}`,
    `secretsmanager:GetSecretValue ${SECRET}`,
  ],
  [
    'secretsmanager:BatchGetSecretValue',
    { Filters: [] },
    'secretsmanager:BatchGetSecretValue *',
    'secretsmanager:ListSecrets *',
    'secretsmanager:GetSecretValue *',
  ],
  ['secretsmanager:ListSecrets', {}, 'secretsmanager:ListSecrets *'],
  ['apigateway:GetRestApis', {}, 'apigateway:POST arn:aws:apigateway:us-east-1::/path'],
];

describe('a call needs', () => {
  for (const [call, input, ...expected] of ROWS)
    it(`${call} ${JSON.stringify(input)}: ${expected.join(', ') || 'nothing'}`, async () => {
      const [service = '', operation = ''] = call.split(':');
      const permissions = await requiredPermissions(
        {
          service,
          operation,
          input,
          accountId: '111122223333',
          region: 'us-east-1',
          path: '/path',
          method: 'POST',
          callerArn: CALLER,
        },
        {
          iamArn: (account, type, name) =>
            name === 'known' ? `arn:aws:iam::${account}:${type}/path/known` : undefined,
          keyArn: async (_account, _region, keyId) => (keyId === 'alias/a' ? KEY : undefined),
          secretArn: async (_account, _region, id) => (id === 'known' ? SECRET : undefined),
          ciphertextKeyArn: (ciphertext) => (ciphertext[0] === 1 ? KEY : undefined),
        },
      );
      assert.deepEqual(
        permissions.map(({ action, resource }) => `${action} ${resource}`),
        expected,
      );
    });
});

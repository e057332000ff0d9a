/** Actions and resources of calls, by the Service Authorization Reference. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requiredPermissions } from '../../../src/platform/authorization/required-permissions.ts';

type Row = readonly [call: string, input: Readonly<Record<string, unknown>>, ...permissions: string[]];

const CALLER = 'arn:aws:iam::111122223333:user/jane';
const REGIONAL = 'us-east-1:111122223333';
const ROLE = 'arn:aws:iam::111122223333:role/r';
const KEY = `arn:aws:kms:${REGIONAL}:key/1234`;

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
  ['iam:CreateUser', { UserName: 'u', Path: '/p/' }, 'iam:CreateUser arn:aws:iam::111122223333:user/p/u'],
  ['iam:GetRole', { RoleName: 'known' }, 'iam:GetRole arn:aws:iam::111122223333:role/path/known'],
  ['iam:GetUser', {}, `iam:GetUser ${CALLER}`],
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
  ['kms:Decrypt', { CiphertextBlob: Uint8Array.of(1) }, `kms:Decrypt ${KEY}`],
  ['kms:Decrypt', { CiphertextBlob: Uint8Array.of(2) }, 'kms:Decrypt *'],
  [
    'kms:ReEncrypt',
    { CiphertextBlob: Uint8Array.of(1), DestinationKeyId: '5678' },
    `kms:ReEncryptFrom ${KEY}`,
    `kms:ReEncryptTo arn:aws:kms:${REGIONAL}:key/5678`,
  ],
  ['ecr:PutImage', { repositoryName: 'a/b' }, `ecr:PutImage arn:aws:ecr:${REGIONAL}:repository/a/b`],
  ['s3:HeadObject', { Bucket: 'b', Key: 'k/l' }, 's3:GetObject arn:aws:s3:::b/k/l'],
  ['s3:ListObjectsV2', { Bucket: 'b' }, 's3:ListBucket arn:aws:s3:::b'],
  ['dynamodb:GetItem', { TableName: 't' }, `dynamodb:GetItem arn:aws:dynamodb:${REGIONAL}:table/t`],
  ['sns:PublishBatch', { TopicArn: `arn:aws:sns:${REGIONAL}:t` }, `sns:Publish arn:aws:sns:${REGIONAL}:t`],
  ['ssm:GetParameter', { Name: '/a/b' }, `ssm:GetParameter arn:aws:ssm:${REGIONAL}:parameter/a/b`],
  [
    'scheduler:CreateSchedule',
    { Name: 's', Target: { RoleArn: ROLE } },
    `scheduler:CreateSchedule arn:aws:scheduler:${REGIONAL}:schedule/default/s`,
    `iam:PassRole ${ROLE}`,
  ],
  [
    'stepfunctions:StartExecution',
    { stateMachineArn: `arn:aws:states:${REGIONAL}:stateMachine:m` },
    `states:StartExecution arn:aws:states:${REGIONAL}:stateMachine:m`,
  ],
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
          ciphertextKeyArn: (ciphertext) => (ciphertext[0] === 1 ? KEY : undefined),
        },
      );
      assert.deepEqual(
        permissions.map(({ action, resource }) => `${action} ${resource}`),
        expected,
      );
    });
});

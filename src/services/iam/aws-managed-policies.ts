/** Managed policies of AWS's own that functions and their makers use: public names and documents. */
import { createHash } from 'node:crypto';
import { uniqueIdOf } from '../../core/access-key.ts';
import { POLICY_VERSION } from '../../core/policy/policy-document.ts';
import type { PolicyRecord } from './iam-records.ts';

const WRITE_LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DeleteNetworkInterface',
];

interface WrittenStatement {
  readonly Effect?: 'Allow';
  readonly Action?: string | readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: string;
  readonly Condition?: object;
}

const allow = (...actions: readonly string[]): WrittenStatement => ({ Action: actions });

/** By path and name after `arn:aws:iam::aws:policy`. Statements allow, and on every resource, where they do not say. */
const POLICIES: Readonly<Record<string, readonly WrittenStatement[]>> = {
  '/AdministratorAccess': [{ Action: '*' }],
  '/PowerUserAccess': [
    { NotAction: ['iam:*', 'organizations:*', 'account:*'] },
    allow(
      'account:GetAccountInformation',
      'account:GetPrimaryEmail',
      'account:ListRegions',
      'iam:CreateServiceLinkedRole',
      'iam:DeleteServiceLinkedRole',
      'iam:ListRoles',
      'organizations:DescribeOrganization',
    ),
  ],
  '/IAMFullAccess': [
    allow(
      'iam:*',
      'organizations:DescribeAccount',
      'organizations:DescribeOrganization',
      'organizations:DescribeOrganizationalUnit',
      'organizations:DescribePolicy',
      'organizations:ListChildren',
      'organizations:ListParents',
      'organizations:ListPoliciesForTarget',
      'organizations:ListRoots',
      'organizations:ListPolicies',
      'organizations:ListTargetsForPolicy',
    ),
  ],
  '/AmazonSQSFullAccess': [{ Action: ['sqs:*'] }],
  '/AmazonKinesisFullAccess': [{ Action: 'kinesis:*' }],
  '/AmazonS3FullAccess': [{ Action: ['s3:*', 's3-object-lambda:*'] }],
  '/AWSXRayDaemonWriteAccess': [
    allow(
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      'xray:GetSamplingStatisticSummaries',
    ),
  ],
  '/AWSLambdaExecute': [
    { Action: ['logs:*'], Resource: 'arn:aws:logs:*:*:*' },
    { Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::*' },
  ],
  '/AWSLambdaInvocation-DynamoDB': [
    allow('lambda:InvokeFunction'),
    allow(
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
    ),
  ],
  '/AWSLambda_FullAccess': [
    allow(
      'cloudformation:DescribeStacks',
      'cloudformation:ListStackResources',
      'cloudwatch:ListMetrics',
      'cloudwatch:GetMetricData',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeSubnets',
      'ec2:DescribeVpcs',
      'kms:ListAliases',
      'iam:GetPolicy',
      'iam:GetPolicyVersion',
      'iam:GetRole',
      'iam:GetRolePolicy',
      'iam:ListAttachedRolePolicies',
      'iam:ListRolePolicies',
      'iam:ListRoles',
      'lambda:*',
      'logs:DescribeLogGroups',
      'states:DescribeStateMachine',
      'states:ListStateMachines',
      'tag:GetResources',
      'xray:GetTraceSummaries',
      'xray:BatchGetTraces',
    ),
    {
      Action: 'iam:PassRole',
      Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    },
    {
      Action: ['logs:DescribeLogStreams', 'logs:GetLogEvents', 'logs:FilterLogEvents'],
      Resource: 'arn:aws:logs:*:*:log-group:/aws/lambda/*',
    },
  ],
  '/CloudWatchLambdaInsightsExecutionRolePolicy': [
    { Action: 'logs:CreateLogGroup' },
    {
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: 'arn:aws:logs:*:*:log-group:/aws/lambda-insights:*',
    },
  ],
  '/service-role/AWSLambdaBasicExecutionRole': [allow(...WRITE_LOGS)],
  '/service-role/AWSLambdaVPCAccessExecutionRole': [
    allow(
      ...WRITE_LOGS,
      ...NETWORK_INTERFACES,
      'ec2:DescribeSubnets',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ),
  ],
  '/service-role/AWSLambdaENIManagementAccess': [
    allow(...NETWORK_INTERFACES, 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'),
  ],
  '/service-role/AWSLambdaSQSQueueExecutionRole': [
    allow('sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', ...WRITE_LOGS),
  ],
  '/service-role/AWSLambdaKinesisExecutionRole': [
    allow(
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
      'kinesis:ListStreams',
      'kinesis:SubscribeToShard',
      ...WRITE_LOGS,
    ),
  ],
  '/service-role/AWSLambdaDynamoDBExecutionRole': [
    allow(
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
      ...WRITE_LOGS,
    ),
  ],
  '/service-role/AWSLambdaMSKExecutionRole': [
    allow(
      'kafka:DescribeCluster',
      'kafka:DescribeClusterV2',
      'kafka:GetBootstrapBrokers',
      ...NETWORK_INTERFACES,
      'ec2:DescribeVpcs',
      'ec2:DescribeSubnets',
      'ec2:DescribeSecurityGroups',
      ...WRITE_LOGS,
    ),
  ],
  '/service-role/AWSLambdaRole': [allow('lambda:InvokeFunction')],
};

const PREFIX = 'arn:aws:iam::aws:policy';

/** When AWS made the first of them; the day of each is not public. */
const CREATED_MS = Date.UTC(2015, 1, 6);

const records = new Map(
  Object.entries(POLICIES).map(([key, statements]) => [PREFIX + key, recordOf(key, statements)]),
);

/** By ARN. */
export function awsManagedPolicy(arn: string): PolicyRecord | undefined {
  return records.get(arn);
}

export function awsManagedPolicies(): readonly PolicyRecord[] {
  return [...records.values()];
}

function recordOf(key: string, statements: readonly WrittenStatement[]): PolicyRecord {
  const slash = key.lastIndexOf('/') + 1;
  const document = {
    Version: POLICY_VERSION,
    Statement: statements.map((statement) => ({
      Effect: 'Allow',
      ...statement,
      Resource: statement.Resource ?? '*',
    })),
  };
  return {
    accountId: 'aws',
    name: key.slice(slash),
    path: key.slice(0, slash),
    id: uniqueIdOf('ANPA', createHash('sha256').update(key).digest('hex').slice(0, 22)),
    createdMs: CREATED_MS,
    updatedMs: CREATED_MS,
    tags: {},
    versions: [{ id: 'v1', document: JSON.stringify(document), createdMs: CREATED_MS }],
    defaultVersion: 'v1',
    lastVersion: 1,
  };
}

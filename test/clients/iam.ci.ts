/** IAM and STS by AWS CLI v2 and boto3, with authorization: roles made, taken and used as in AWS's own guides. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { aws, awsJson } from '../kit/aws-cli.ts';
import { boto3 } from '../kit/boto3.ts';
import { openPlatform } from '../kit/started-platform.ts';

const ACCOUNT = '000000000000';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/reader`;
const BASIC = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }],
});

describe('with authorization', () => {
  let platform: Platform;
  before(async () => {
    platform = await openPlatform({ authorization: true });
    const create = ['iam', 'create-role', '--role-name', 'reader', '--assume-role-policy-document', TRUST];
    const { Role } = await awsJson<{ Role: { Arn: string; AssumeRolePolicyDocument: object } }>(
      platform,
      ...create,
    );
    assert.equal(Role.Arn, ROLE);
    assert.deepEqual(Role.AssumeRolePolicyDocument, JSON.parse(TRUST), 'the CLI decodes the document');
    await awsJson(platform, 'iam', 'attach-role-policy', '--role-name', 'reader', '--policy-arn', BASIC);
  });
  after(() => platform.close());

  it('AWS CLI v2 lists what is attached and waits for what is there', async () => {
    const { AttachedPolicies } = await awsJson<{ AttachedPolicies: { PolicyArn: string }[] }>(
      platform,
      ...['iam', 'list-attached-role-policies', '--role-name', 'reader'],
    );
    assert.deepEqual(
      AttachedPolicies.map(({ PolicyArn }) => PolicyArn),
      [BASIC],
    );
    const { exitCode } = await aws(platform, 'iam', 'wait', 'role-exists', '--role-name', 'reader');
    assert.equal(exitCode, 0);
  });

  it('AWS CLI v2 is told that there is no such user', async () => {
    const { exitCode, stderr } = await aws(platform, 'iam', 'get-user', '--user-name', 'nobody');
    assert.equal(exitCode, 254);
    assert.match(
      stderr,
      /An error occurred \(NoSuchEntity\) when calling the GetUser operation.*: The user with name nobody cannot be found\./,
    );
  });

  it('boto3 takes a role, and may do with it what its policies allow', async () => {
    const script = `
import boto3, json
from botocore.exceptions import ClientError
answer = boto3.client("sts").assume_role(RoleArn="${ROLE}", RoleSessionName="job", DurationSeconds=900)
c = answer["Credentials"]
session = boto3.Session(aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"], aws_session_token=c["SessionToken"])
session.client("logs").create_log_group(logGroupName="/made/by/role")
try:
    session.client("lambda").list_functions()
    refused = None
except ClientError as error:
    refused = [error.response["Error"]["Code"], error.response["Error"]["Message"]]
print(json.dumps([session.client("sts").get_caller_identity()["Arn"], refused]))
`;
    const [arn, refused] = await boto3<[string, [string, string]]>(platform, script);
    const session = `arn:aws:sts::${ACCOUNT}:assumed-role/reader/job`;
    assert.equal(arn, session);
    assert.deepEqual(refused, [
      'AccessDeniedException',
      `User: ${session} is not authorized to perform: lambda:ListFunctions on resource: * because no identity-based ` +
        'policy allows the lambda:ListFunctions action',
    ]);
  });

  it('boto3 pages through all roles', async () => {
    const script = `
import boto3, json
iam = boto3.client("iam")
for number in range(5):
    iam.create_role(RoleName=f"paged-{number}", AssumeRolePolicyDocument=json.dumps(${TRUST}))
pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
print(json.dumps([[role["RoleName"] for role in page["Roles"]] for page in pages]))
`;
    const pages = await boto3<string[][]>(platform, script);
    assert.deepEqual(pages, [
      ['paged-0', 'paged-1'],
      ['paged-2', 'paged-3'],
      ['paged-4', 'reader'],
    ]);
  });
});

/** AWS CLI v2 and boto3 on operations that are not written yet, and with authorization. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { aws, awsJson } from '../kit/aws-cli.ts';
import { boto3 } from '../kit/boto3.ts';
import { startedPlatform } from '../kit/started-platform.ts';

/** A command of the CLI, the call of boto3 for the same, and what both must name. */
const CALLS: readonly [protocol: string, cli: string[], service: string, call: string, named: string][] = [
  ['restJson1', ['apigateway', 'get-rest-apis'], 'apigateway', 'get_rest_apis()', 'apigateway:GetRestApis'],
  [
    'restXml',
    ['cloudfront', 'list-distributions'],
    'cloudfront',
    'list_distributions()',
    'cloudfront:ListDistributions',
  ],
  [
    'S3',
    ['s3api', 'get-bucket-website', '--bucket', 'bucket'],
    's3',
    'get_bucket_website(Bucket="bucket")',
    's3:GetBucketWebsite',
  ],
  [
    'awsJson1_0',
    ['stepfunctions', 'list-state-machines'],
    'stepfunctions',
    'list_state_machines()',
    'stepfunctions:ListStateMachines',
  ],
  [
    'awsJson1_1',
    ['events', 'list-event-sources'],
    'events',
    'list_event_sources()',
    'events:ListEventSources',
  ],
  ['rpcv2Cbor', ['cloudwatch', 'list-metrics'], 'cloudwatch', 'list_metrics()', 'cloudwatch:ListMetrics'],
  ['awsQuery', ['rds', 'describe-db-instances'], 'rds', 'describe_db_instances()', 'rds:DescribeDBInstances'],
  ['ec2Query', ['ec2', 'describe-vpcs'], 'ec2', 'describe_vpcs()', 'ec2:DescribeVpcs'],
];

describe('an operation that is not written yet names itself', () => {
  let platform: Platform;
  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
  });
  after(() => platform.close());

  for (const [protocol, cli, , , named] of CALLS) {
    it(`to AWS CLI v2 in ${protocol}`, async () => {
      const { exitCode, stderr } = await aws(platform, ...cli);
      assert.equal(exitCode, 254);
      assert.match(stderr, /An error occurred \(NotImplemented\)/);
      assert.ok(stderr.includes(`${named} is not implemented.`), stderr);
    });
  }

  it('to boto3 in every protocol', async () => {
    const script = `
import boto3, botocore, json
answers = {}
for service, call in ${JSON.stringify(CALLS.map(([, , service, call]) => [service, call]))}:
    try:
        eval(f"boto3.client(service).{call}")
    except botocore.exceptions.ClientError as error:
        answer = error.response
        answers[service] = [answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"], bool(answer["ResponseMetadata"].get("RequestId"))]
print(json.dumps(answers))
`;
    const expected = CALLS.map(([, , service, , named]) => [
      service,
      ['NotImplemented', `${named} is not implemented.`, 501, true],
    ]);
    assert.deepEqual(await boto3(platform, script), Object.fromEntries(expected));
  });
});

describe('with authorization', () => {
  it('AWS CLI v2 and boto3 are let in with the right secret', async (context) => {
    const platform = await startedPlatform(context, { authorization: true });
    assert.equal((await awsJson(platform, 'sts', 'get-caller-identity'))['Account'], '000000000000');
    assert.deepEqual((await awsJson(platform, 'lambda', 'list-functions'))['Functions'], []);
    const script = `
import boto3, json
print(json.dumps([boto3.client("sts").get_caller_identity()["Account"], boto3.client("logs").describe_log_groups()["logGroups"]]))
`;
    assert.deepEqual(await boto3(platform, script), ['000000000000', []]);
  });

  it('boto3 shows the refusal of a wrong secret', async (context) => {
    const platform = await startedPlatform(context, { authorization: true });
    const script = `
import boto3, botocore, json
answers = []
for service, method in [["sts", "get_caller_identity"], ["lambda", "list_functions"], ["logs", "describe_log_groups"], ["s3", "list_buckets"]]:
    try:
        getattr(boto3.client(service, aws_secret_access_key="wrong", aws_access_key_id="test"), method)()
    except botocore.exceptions.ClientError as error:
        answers.append([error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]])
print(json.dumps(answers))
`;
    assert.deepEqual(await boto3(platform, script), [
      ['SignatureDoesNotMatch', 403],
      ['InvalidSignatureException', 403],
      ['InvalidSignatureException', 400],
      ['SignatureDoesNotMatch', 403],
    ]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { APIGatewayClient, GetRestApisCommand } from '@aws-sdk/client-api-gateway';
import { CloudFrontClient, ListDistributionsCommand } from '@aws-sdk/client-cloudfront';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient, ListEventSourcesCommand } from '@aws-sdk/client-eventbridge';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetObjectTorrentCommand, S3Client } from '@aws-sdk/client-s3';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';

/** The call of one client. */
type Call = (settings: ReturnType<typeof clientSettings>) => Promise<unknown>;

const CALLS: readonly [protocol: string, named: string, call: Call][] = [
  [
    'restJson1',
    'apigateway:GetRestApis',
    (settings) => new APIGatewayClient(settings).send(new GetRestApisCommand({})),
  ],
  [
    'restXml',
    'cloudfront:ListDistributions',
    (settings) => new CloudFrontClient(settings).send(new ListDistributionsCommand({})),
  ],
  [
    'awsJson1_0',
    'stepfunctions:ListStateMachines',
    (settings) => new SFNClient(settings).send(new ListStateMachinesCommand({})),
  ],
  [
    'awsJson1_1',
    'events:ListEventSources',
    (settings) => new EventBridgeClient(settings).send(new ListEventSourcesCommand({})),
  ],
  [
    'rpcv2Cbor',
    'cloudwatch:ListMetrics',
    (settings) => new CloudWatchClient(settings).send(new ListMetricsCommand({})),
  ],
  [
    'awsQuery',
    'rds:DescribeDBInstances',
    (settings) => new RDSClient(settings).send(new DescribeDBInstancesCommand({})),
  ],
  ['ec2Query', 'ec2:DescribeVpcs', (settings) => new EC2Client(settings).send(new DescribeVpcsCommand({}))],
  [
    'restXml of S3, with its bucket in the path',
    's3:GetObjectTorrent',
    (settings) =>
      new S3Client({ ...settings, forcePathStyle: true }).send(
        new GetObjectTorrentCommand({ Bucket: 'bucket', Key: 'key' }),
      ),
  ],
];

describe('an operation that is not written yet names itself to the AWS SDK in', () => {
  for (const [protocol, named, call] of CALLS) {
    it(`${protocol}: ${named}`, async (context) => {
      const platform = await startedPlatform(context);
      await assert.rejects(call(clientSettings(platform)), (error: unknown) => {
        const {
          name,
          message,
          $metadata: metadata,
        } = error as Error & {
          $metadata: { httpStatusCode?: number; requestId?: string };
        };
        assert.equal(name, 'NotImplemented');
        assert.equal(message, `${named} is not implemented.`);
        assert.equal(metadata.httpStatusCode, 501);
        assert.ok(metadata.requestId, 'the SDK finds the id of the request');
        return true;
      });
    });
  }
});

/** A platform with a function, a bucket and clients of S3 Control, for tests of jobs over the wire. */
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { TestContext } from 'node:test';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { CreateJobCommandInput, JobDescriptor, S3ControlClientConfig } from '@aws-sdk/client-s3-control';
import { CreateJobCommand, DescribeJobCommand, S3ControlClient } from '@aws-sdk/client-s3-control';
import type { Platform, StartOptions } from '../../../src/index.ts';
import type { ClientSettings } from '../../kit/started-platform.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

export const ACCOUNT = '000000000000';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/batch`;
export const BUCKET = 'bucket';
export const FUNCTION_ARN = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f`;

export interface ReportManifest {
  readonly Results: readonly { readonly TaskExecutionStatus: string; readonly Key: string }[];
}

export class BatchTester {
  readonly platform: Platform;
  readonly client: S3ControlClient;
  readonly s3: S3Client;

  private constructor(platform: Platform) {
    this.platform = platform;
    this.client = new S3ControlClient(controlSettings(clientSettings(platform)));
    this.s3 = new S3Client({ ...clientSettings(platform), forcePathStyle: true });
  }

  /** With a bucket. */
  static async start(context: TestContext, options: StartOptions = {}): Promise<BatchTester> {
    const tester = new BatchTester(await startedPlatform(context, { frozenClock: true, ...options }));
    context.after(() => {
      tester.client.destroy();
      tester.s3.destroy();
    });
    await tester.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    return tester;
  }

  async functionOf(handler: string): Promise<void> {
    await createFunction(clientSettings(this.platform), handler);
  }

  async put(key: string, text: string): Promise<string> {
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: text });
    return (await this.s3.send(command)).ETag!;
  }

  async text(key: string): Promise<string> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return Body!.transformToString();
  }

  /** A job for the lines of this manifest; it has come as far as it can when this resolves. */
  async job(lines: string, more: Partial<CreateJobCommandInput> = {}): Promise<string> {
    const ETag = await this.put('manifest.csv', lines);
    const { JobId } = await this.client.send(new CreateJobCommand({ ...jobInput(ETag), ...more }));
    await this.platform.clock.advance(0);
    return JobId!;
  }

  async described(JobId: string): Promise<JobDescriptor> {
    return (await this.client.send(new DescribeJobCommand({ AccountId: ACCOUNT, JobId }))).Job!;
  }

  /** Lines of the report's files of that kind. */
  async report(jobId: string, status: 'succeeded' | 'failed'): Promise<string> {
    const { Results } = JSON.parse(await this.text(`reports/job-${jobId}/manifest.json`)) as ReportManifest;
    const keys = Results.filter((file) => file.TaskExecutionStatus === status).map(({ Key }) => Key);
    return (await Promise.all(keys.map((key) => this.text(key)))).join('');
  }
}

/** `handler` is the body of a function of `event`, `task` and the `state` of its environment. */
export async function createFunction(settings: ClientSettings, handler: string): Promise<void> {
  const lambda = new LambdaClient(settings);
  const code = `const state = {};
    exports.h = async (event) => {
      const task = event.tasks[0];
      ${handler}
    };
    const answer = (event, resultCode, resultString) => ({ invocationSchemaVersion: event.invocationSchemaVersion,
      treatMissingKeysAs: 'PermanentFailure', invocationId: event.invocationId,
      results: [{ taskId: event.tasks[0].taskId, resultCode, resultString }] });`;
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Runtime: 'nodejs24.x',
      Handler: 'i.h',
      Role: ROLE,
      Timeout: 10,
      Code: { ZipFile: await zipOf({ 'i.js': code }) },
    }),
  );
  lambda.destroy();
}

/**
 * S3 Control's clients put the account before the endpoint's host, which an address cannot have; names under `localhost`
 * are this machine, but not every resolver says so.
 */
export function controlSettings(settings: ClientSettings): S3ControlClientConfig {
  const lookup: LookupFunction = (_name, { all }, found) =>
    all === true ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4);
  return {
    ...settings,
    endpoint: settings.endpoint.replace('127.0.0.1', 'localhost'),
    requestHandler: { httpAgent: new Agent({ lookup, keepAlive: true }) },
  };
}

export function jobInput(ETag: string): CreateJobCommandInput {
  return {
    AccountId: ACCOUNT,
    ConfirmationRequired: false,
    Operation: { LambdaInvoke: { FunctionArn: FUNCTION_ARN } },
    Manifest: {
      Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Bucket', 'Key'] },
      Location: { ObjectArn: `arn:aws:s3:::${BUCKET}/manifest.csv`, ETag },
    },
    Report: {
      Enabled: true,
      Bucket: `arn:aws:s3:::${BUCKET}`,
      Prefix: 'reports',
      Format: 'Report_CSV_20180820',
      ReportScope: 'AllTasks',
    },
    Priority: 10,
    RoleArn: ROLE,
  };
}

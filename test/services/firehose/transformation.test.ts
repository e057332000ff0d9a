/** Functions that transform records, and what becomes of records they cannot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessingConfiguration } from '@aws-sdk/client-firehose';
import { CreateFunctionCommand, LambdaClient, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { BUCKET, FirehoseTester, ROLE } from './firehose-tester.ts';

const HINTS = { SizeInMBs: 1, IntervalInSeconds: 60 };

/** Text in, text out: what a record says decides what becomes of it. */
const FUNCTION = `exports.handler = async (event) => {
  const text = ({ data }) => Buffer.from(data, 'base64').toString();
  const said = event.records.map(text);
  if (said.includes('throw')) throw new Error('no');
  if (said.includes('nothing')) return {};
  if (said.includes('forget')) return { records: [] };
  return {
    records: event.records.map((record) => {
      const { recordId } = record;
      const said = text(record);
      if (said === 'event') {
        const data = Buffer.from(JSON.stringify(event)).toString('base64');
        return { recordId, result: 'Ok', data };
      }
      if (said === 'drop') return { recordId, result: 'Dropped', data: record.data };
      if (said === 'fail') return { recordId, result: 'ProcessingFailed', data: record.data };
      return { recordId, result: 'Ok', data: Buffer.from(said.toUpperCase()).toString('base64') };
    }),
  };
};`;

async function startWithFunction(context: Parameters<typeof FirehoseTester.start>[0]) {
  const tester = await FirehoseTester.start(context);
  const lambda = new LambdaClient(clientSettings(tester.platform));
  context.after(() => lambda.destroy());
  const FunctionName = 'transform';
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: ROLE,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await zipOf({ 'index.js': FUNCTION }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
  return { tester, lambdaArn: FunctionArn! };
}

function transformedBy(lambdaArn: string): ProcessingConfiguration {
  const parameters = { LambdaArn: lambdaArn, NumberOfRetries: '1', BufferIntervalInSeconds: '10' };
  return {
    Enabled: true,
    Processors: [
      {
        Type: 'Lambda',
        Parameters: Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({
          ParameterName: ParameterName as 'LambdaArn',
          ParameterValue,
        })),
      },
    ],
  };
}

test('a function transforms, drops and fails records; those as they came are in the backup', async (context) => {
  const { tester, lambdaArn } = await startWithFunction(context);
  const deliveryStreamArn = await tester.create('d', {
    Prefix: 'out/',
    BufferingHints: HINTS,
    ProcessingConfiguration: transformedBy(lambdaArn),
    S3BackupMode: 'Enabled',
    S3BackupConfiguration: {
      RoleARN: ROLE,
      BucketARN: `arn:aws:s3:::${BUCKET}`,
      Prefix: 'backup/',
      BufferingHints: HINTS,
    },
  });
  const arrivedMs = tester.platform.clock.now();
  for (const text of ['event', 'drop', 'fail', 'ok']) await tester.put('d', text);
  // They wait for the function, then for their object.
  await tester.advanceSeconds(69);
  assert.deepEqual(await tester.texts('out/2'), []);
  await tester.advanceSeconds(1);
  const [delivered] = await tester.texts('out/2');
  const event = JSON.parse(delivered!.slice(0, -'OK'.length));
  assert.equal(delivered!.slice(-'OK'.length), 'OK');
  const { invocationId, records, ...rest } = event;
  assert.match(invocationId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(rest, { deliveryStreamArn, region: 'us-east-1' });
  assert.equal(records.length, 4);
  const { recordId, ...first } = records[0];
  assert.match(recordId, /^\d{56}$/);
  assert.deepEqual(first, {
    approximateArrivalTimestamp: arrivedMs,
    data: Buffer.from('event').toString('base64'),
  });
  const [failed] = await tester.texts('out/processing-failed/');
  assert.deepEqual(JSON.parse(failed!), {
    attemptsMade: 1,
    arrivalTimestamp: arrivedMs,
    errorCode: 'Lambda.ProcessingFailedStatus',
    errorMessage: 'ProcessingFailed status set for record',
    attemptEndingTimestamp: arrivedMs + 10_000,
    rawData: Buffer.from('fail').toString('base64'),
    lambdaArn,
  });
  assert.deepEqual(await tester.texts('backup/'), ['eventdropfailok']);
});

test('where the function fails, or does not answer as it should, its records are told of as failed', async (context) => {
  const { tester, lambdaArn } = await startWithFunction(context);
  const told = {
    throw: ['Lambda.FunctionError', 2],
    nothing: ['Lambda.JsonProcessingException', 2],
    forget: ['Lambda.MissingRecordId', 2],
    gone: ['Lambda.ResourceNotFound', 2],
  } as const;
  for (const kind of Object.keys(told)) {
    const arn = kind === 'gone' ? `${lambdaArn}-gone` : lambdaArn;
    const processing = transformedBy(arn);
    await tester.create(kind, {
      Prefix: `${kind}/`,
      BufferingHints: HINTS,
      ProcessingConfiguration: processing,
    });
    await tester.put(kind, kind);
  }
  await tester.advanceSeconds(70);
  for (const [kind, [errorCode, attempts]] of Object.entries(told)) {
    const [text, ...others] = await tester.texts(`${kind}/`);
    const { errorCode: code, attemptsMade, rawData } = JSON.parse(text!);
    assert.deepEqual([code, attemptsMade], [errorCode, attempts], kind);
    assert.equal(Buffer.from(rawData, 'base64').toString(), kind);
    assert.deepEqual(others, []);
  }
});

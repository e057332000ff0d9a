import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  type FunctionCode,
  LambdaClient,
  PublishLayerVersionCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { S3Tester } from './s3-client.ts';

function create(lambda: LambdaClient, FunctionName: string, Code: FunctionCode) {
  const Role = 'arn:aws:iam::000000000000:role/r';
  const settings = { Role, Runtime: 'nodejs24.x', Handler: 'index.handler' } as const;
  return lambda.send(new CreateFunctionCommand({ FunctionName, Code, ...settings }));
}

test('code of functions and layers is read from S3, of the version that is named', async (context) => {
  const s3 = await S3Tester.start(context);
  const lambda = new LambdaClient(clientSettings(s3.platform));
  context.after(() => lambda.destroy());
  await s3.versioned();
  const old = await zipOf({ 'index.mjs': 'export const handler = () => 1;' });
  const next = await zipOf({ 'index.mjs': 'export const handler = () => 2;', large: 'x'.repeat(100_000) });
  const { VersionId: S3ObjectVersion } = await s3.put('code.zip', old);
  await s3.put('code.zip', next);
  const source = { S3Bucket: s3.bucket, S3Key: 'code.zip' };
  const made = await create(lambda, 'from-s3', { ...source, S3ObjectVersion });
  assert.equal(made.CodeSize, old.length);
  const { CodeSize } = await create(lambda, 'from-s3-latest', source);
  assert.equal(CodeSize, next.length);
  const layer = new PublishLayerVersionCommand({ LayerName: 'from-s3', Content: source });
  assert.equal((await lambda.send(layer)).Content?.CodeSize, next.length);
});

// Recorded for "test_lambda_code_location_s3_errors".
test('a bucket or an object that is not there is told in the words of S3', async (context) => {
  const s3 = await S3Tester.start(context);
  const lambda = new LambdaClient(clientSettings(s3.platform));
  context.after(() => lambda.destroy());
  const refused = (error: Error, code: string, words: string) => {
    assert.equal(error.name, 'InvalidParameterValueException');
    const message = `Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${words}`;
    assert.equal(error.message, message);
    return true;
  };
  await assert.rejects(create(lambda, 'none', { S3Bucket: 'no-such-bucket', S3Key: 'k' }), (error: Error) =>
    refused(error, 'NoSuchBucket', 'The specified bucket does not exist'),
  );
  await create(lambda, 'some', { ZipFile: await zipOf({ 'index.mjs': 'export const handler = () => 1;' }) });
  const update = new UpdateFunctionCodeCommand({
    FunctionName: 'some',
    S3Bucket: s3.bucket,
    S3Key: 'none',
  });
  await assert.rejects(lambda.send(update), (error: Error) =>
    refused(error, 'NoSuchKey', 'The specified key does not exist.'),
  );
});

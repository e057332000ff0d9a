import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-lambda';
import { ACCOUNT, functionNamed, lambdaServer, refusal } from './lambda-server.ts';

const { lambda } = await lambdaServer();
const ARN = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:tagged`;
await lambda.send(new CreateFunctionCommand(functionNamed('tagged', { Tags: { born: 'with' } })));

const tag = (Tags: Record<string, string>, Resource = ARN) =>
  lambda.send(new TagResourceCommand({ Resource, Tags }));
const untag = (TagKeys: string[], Resource = ARN) =>
  lambda.send(new UntagResourceCommand({ Resource, TagKeys }));
const tags = async (Resource = ARN): Promise<Record<string, string>> =>
  (await lambda.send(new ListTagsCommand({ Resource }))).Tags!;

test('tags are added, replaced and removed', async () => {
  assert.deepEqual(await tags(), { born: 'with' });
  assert.equal((await tag({ team: 'a', cost: '' })).$metadata.httpStatusCode, 204);
  await tag({ team: 'b' });
  assert.deepEqual(await tags(), { born: 'with', team: 'b', cost: '' });
  assert.equal((await untag(['cost', 'absent'])).$metadata.httpStatusCode, 204);
  await untag(['born']);
  assert.deepEqual(await tags(), { team: 'b' });
});

test('fifty tags are the most, counted with those that are there', async () => {
  const many = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`t${index}`, 'x']));
  await tag(many);
  assert.equal(Object.keys(await tags()).length, 50);
  await assert.rejects(
    tag({ more: 'x' }),
    refusal('InvalidParameterValueException', 'Number of tags exceeds resource tag limit.', 400),
  );
  await tag({ t0: 'replaced' });
  await untag(Object.keys(many));
  assert.deepEqual(await tags(), { team: 'b' });
});

test('tags changed at once are all kept', async () => {
  await Promise.all(Array.from({ length: 10 }, (_, index) => tag({ [`at-once-${index}`]: 'x' })));
  assert.equal(Object.keys(await tags()).length, 11);
});

test('versions, aliases, and functions that do not exist have no tags', async () => {
  const words = 'Tags on function aliases and versions are not supported. Please specify a function ARN.';
  for (const resource of [`${ARN}:1`, `${ARN}:alias`, `${ARN}:$LATEST`]) {
    await assert.rejects(tag({ a: 'b' }, resource), refusal('InvalidParameterValueException', words, 400));
    await assert.rejects(untag(['a'], resource), refusal('InvalidParameterValueException', words, 400));
    await assert.rejects(tags(resource), refusal('InvalidParameterValueException', words, 400));
  }
  const absent = ARN.replace('tagged', 'absent');
  for (const attempt of [() => tag({ a: 'b' }, absent), () => untag(['a'], absent), () => tags(absent)]) {
    await assert.rejects(
      attempt(),
      refusal('ResourceNotFoundException', `Function not found: ${absent}`, 404),
    );
  }
});

test('other resources are known to be absent, or named as not implemented', async () => {
  const mapping = `arn:aws:lambda:us-east-1:${ACCOUNT}:event-source-mapping:00000000-0000-4000-8000-000000000000`;
  await assert.rejects(
    tags(mapping),
    refusal('ResourceNotFoundException', `Event source mapping not found: ${mapping}`, 404),
  );
  const signing = `arn:aws:lambda:us-east-1:${ACCOUNT}:code-signing-config:csc-00000000000000000`;
  await assert.rejects(
    tags(signing),
    refusal(
      'ResourceNotFoundException',
      `The Lambda code signing configuration ${signing} can not be found.`,
      404,
    ),
  );
  const connector = `arn:aws:lambda:us-east-1:${ACCOUNT}:network-connector:any`;
  await assert.rejects(
    tags(connector),
    refusal(
      'NotImplemented',
      'lambda:ListTags does not implement resources of the kind network-connector yet.',
      501,
    ),
  );
  await assert.rejects(
    tags('arn:aws:s3:::bucket'),
    refusal('ValidationException', /at 'resource' failed to satisfy constraint/, 400),
  );
});

test('a request without tags or keys is refused', async () => {
  await assert.rejects(
    tag({}),
    refusal('InvalidParameterValueException', 'An error occurred and the request cannot be processed.', 400),
  );
  await assert.rejects(
    untag([]),
    refusal(
      'ValidationException',
      "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
      400,
    ),
  );
});

test('tags go with their function', async () => {
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'tagged' }));
  await lambda.send(new CreateFunctionCommand(functionNamed('tagged')));
  assert.deepEqual(await tags(), {});
});

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  ListTagsCommand,
  PublishVersionCommand,
  TagResourceCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { asynchronous, openAsynchronous } from '../events/recording-function.ts';
import { mappedQueue } from './mapped-queue.ts';

const server = await asynchronous();
const { lambda, platform } = server;

const get = (UUID: string) => lambda.send(new GetEventSourceMappingCommand({ UUID }));
const update = (UUID: string, more: object) =>
  lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...more }));

test('a mapping answers with what is recorded of one, and is enabled then', async () => {
  const { mapping, queueArn } = await mappedQueue(server, 'described');
  const {
    UUID,
    LastModified,
    $metadata: metadata,
    ...rest
  } = mapping as typeof mapping & {
    $metadata: { httpStatusCode?: number };
  };
  assert.equal(metadata.httpStatusCode, 202);
  assert.equal(LastModified?.getTime(), platform.clock.now());
  // Recorded as "event_source_mapping_default_batch_size".
  assert.deepEqual(rest, {
    BatchSize: 10,
    EventSourceArn: queueArn,
    EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${UUID}`,
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:described',
    FunctionResponseTypes: [],
    MaximumBatchingWindowInSeconds: 0,
    State: 'Creating',
    StateTransitionReason: 'USER_INITIATED',
  });
  assert.equal((await get(UUID!)).State, 'Enabled');
});

test('disabled, a mapping takes nothing; enabled again, it does; deleted, it is gone', async () => {
  const queue = await mappedQueue(server, 'switched');
  const UUID = queue.mapping.UUID!;
  const state = async (wanted: string) => {
    while ((await get(UUID)).State !== wanted) await platform.clock.advance(0);
  };
  assert.equal((await update(UUID, { Enabled: false })).State, 'Disabling');
  await state('Disabled');
  await queue.send('while disabled');
  assert.deepEqual(await queue.batches(), []);
  await update(UUID, { Enabled: true, BatchSize: 1 });
  await state('Enabled');
  await platform.clock.advance(0);
  assert.deepEqual(await queue.batches(), [['while disabled']]);
  const deleted = await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
  assert.deepEqual([deleted.State, deleted.BatchSize], ['Deleting', 1]);
  await assert.rejects(state('Deleted'), {
    name: 'ResourceNotFoundException',
    message: 'The resource you requested does not exist.',
  });
  await queue.send('after');
  assert.equal((await queue.batches()).length, 1);
});

test('while a batch is under way, a mapping that is being changed is in use', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const [begun, released] = [join(directory, 'begun'), join(directory, 'released')];
  const queue = await mappedQueue(server, 'in-use', {
    code: `
      const { existsSync, writeFileSync } = require('node:fs');
      exports.handler = async () => {
        writeFileSync('${begun}', '');
        while (!existsSync('${released}')) await new Promise((resolve) => setTimeout(resolve, 5));
      };`,
    function: { Timeout: 30 },
  });
  const UUID = queue.mapping.UUID!;
  await queue.sqs.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'x' }));
  while (!existsSync(begun)) await new Promise(setImmediate);
  assert.equal((await update(UUID, { Enabled: false })).State, 'Disabling');
  assert.equal((await get(UUID)).State, 'Disabling');
  await assert.rejects(update(UUID, { BatchSize: 2 }), {
    name: 'ResourceInUseException',
    message: 'Cannot update the event source mapping because it is in use.',
  });
  writeFileSync(released, '');
  while ((await get(UUID)).State !== 'Disabled') await new Promise(setImmediate);
});

test('settings are changed one by one, and taken away', async () => {
  const { mapping } = await mappedQueue(server, 'settings', {
    mapping: {
      ScalingConfig: { MaximumConcurrency: 5 },
      FilterCriteria: { Filters: [{ Pattern: '{"body":["x"]}' }] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    },
  });
  const UUID = mapping.UUID!;
  assert.deepEqual(mapping.ScalingConfig, { MaximumConcurrency: 5 });
  const windowed = await update(UUID, { BatchSize: 100, MaximumBatchingWindowInSeconds: 2 });
  assert.deepEqual(windowed.FilterCriteria, { Filters: [{ Pattern: '{"body":["x"]}' }] });
  while ((await get(UUID)).State !== 'Enabled') await platform.clock.advance(0);
  const bare = await update(UUID, {
    ScalingConfig: {},
    FilterCriteria: { Filters: [] },
    FunctionResponseTypes: [],
  });
  assert.deepEqual(
    [bare.ScalingConfig, bare.FilterCriteria, bare.FunctionResponseTypes, bare.BatchSize],
    [undefined, undefined, [], 100],
  );
});

test('a mapping is for a version as long as it is for no other, and a name alone takes that away', async () => {
  const { mapping } = await mappedQueue(server, 'named');
  const UUID = mapping.UUID!;
  await lambda.send(new PublishVersionCommand({ FunctionName: 'named' }));
  const arn = mapping.FunctionArn!;
  const target = async (input: object) => {
    const { FunctionArn } = await update(UUID, input);
    while ((await get(UUID)).State !== 'Enabled') await platform.clock.advance(0);
    return FunctionArn;
  };
  assert.equal(await target({ FunctionName: 'named:1' }), `${arn}:1`);
  assert.equal(await target({ BatchSize: 5 }), `${arn}:1`);
  assert.equal(await target({ FunctionName: 'named' }), arn);
});

test('mappings are listed by function and by source, page by page', async () => {
  const first = await mappedQueue(server, 'listed');
  await mappedQueue(server, 'listed-too');
  await lambda.send(
    new CreateEventSourceMappingCommand({ EventSourceArn: first.queueArn, FunctionName: 'listed-too' }),
  );
  const list = async (input: object) => {
    const { EventSourceMappings, NextMarker } = await lambda.send(new ListEventSourceMappingsCommand(input));
    return { count: EventSourceMappings!.length, NextMarker };
  };
  assert.equal((await list({ FunctionName: 'listed-too' })).count, 2);
  assert.equal((await list({ EventSourceArn: first.queueArn })).count, 2);
  const page = await list({ FunctionName: 'listed-too', MaxItems: 1 });
  assert.equal(page.count, 1);
  const rest = await list({ FunctionName: 'listed-too', MaxItems: 1, Marker: page.NextMarker });
  assert.deepEqual(rest, { count: 1, NextMarker: undefined });
});

test('a mapping has tags', async () => {
  const { mapping } = await mappedQueue(server, 'tagged', { mapping: { Tags: { a: '1' } } });
  const Resource = mapping.EventSourceMappingArn!;
  await lambda.send(new TagResourceCommand({ Resource, Tags: { b: '2' } }));
  const { Tags } = await lambda.send(new ListTagsCommand({ Resource }));
  assert.deepEqual(Tags, { a: '1', b: '2' });
});

test('what cannot be a mapping is refused in AWS’s words, what is not written by name', async () => {
  const { queueArn } = await mappedQueue(server, 'base', { function: { Timeout: 20 } });
  const sqs = new SQSClient(clientSettings(platform));
  const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
  await sqs.send(new CreateQueueCommand({ QueueName: 'short', Attributes: { VisibilityTimeout: '19' } }));
  await sqs.send(new CreateQueueCommand({ QueueName: 'free' }));
  await sqs.send(new CreateQueueCommand({ QueueName: 'f.fifo', Attributes: { FifoQueue: 'true' } }));
  const { UUID } = (await lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn: queueArn })))
    .EventSourceMappings![0]!;
  const invalid = 'InvalidParameterValueException';
  const documents = 'arn:aws:rds:us-east-1:000000000000:cluster:c';
  const cases: readonly [Partial<CreateEventSourceMappingCommandInput>, string, string][] = [
    [
      { EventSourceArn: arnOf('nothing') },
      invalid,
      'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
    ],
    [
      { EventSourceArn: arnOf('short') },
      invalid,
      'Queue visibility timeout: 19 seconds is less than Function timeout: 20 seconds',
    ],
    [
      { BatchSize: 11 },
      invalid,
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    ],
    [
      { EventSourceArn: arnOf('f.fifo'), MaximumBatchingWindowInSeconds: 1 },
      invalid,
      'Batching window is not supported for FIFO queues.',
    ],
    [
      { FilterCriteria: { Filters: [{ Pattern: 'simple string' }] } },
      invalid,
      'Invalid filter pattern definition.',
    ],
    [
      { EventSourceArn: queueArn },
      'ResourceConflictException',
      `An event source mapping with SQS arn (" ${queueArn} ") and function (" base ") already exists. Please update or delete the existing mapping with UUID ${UUID}`,
    ],
    [
      { FunctionName: 'nobody' },
      'ResourceNotFoundException',
      'Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody',
    ],
    [
      { ParallelizationFactor: 2 },
      invalid,
      'Unsupported ParallelizationFactor parameter for given event source mapping type.',
    ],
    [{ StartingPosition: 'LATEST' }, invalid, 'StartingPosition is not valid for SQS event sources.'],
    [
      { EventSourceArn: documents },
      'NotImplemented',
      'lambda:CreateEventSourceMapping does not implement DocumentDB as a source yet.',
    ],
    [
      { LoggingConfig: { SystemLogLevel: 'INFO' } },
      'NotImplemented',
      'lambda:CreateEventSourceMapping does not implement LoggingConfig yet.',
    ],
  ];
  for (const [more, name, message] of cases) {
    const input = { EventSourceArn: arnOf('free'), FunctionName: 'base', ...more };
    await assert.rejects(lambda.send(new CreateEventSourceMappingCommand(input)), { name, message });
  }
  sqs.destroy();
});

test('an enabled mapping goes on after a restart', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const dataDir = join(directory, 'data');
  const first = await openAsynchronous(directory, { dataDir });
  const queue = await mappedQueue(first, 'lasting');
  await queue.send('before');
  await first.close();
  const second = await openPlatform({ dataDir, isolation: 'process', frozenClock: true });
  const sqs = new SQSClient(clientSettings(second));
  await sqs.send(
    new SendMessageCommand({ QueueUrl: `${second.origin}/000000000000/lasting`, MessageBody: 'after' }),
  );
  await second.clock.advance(0);
  assert.deepEqual(await queue.batches(), [['before'], ['after']]);
  sqs.destroy();
  await second.close();
});

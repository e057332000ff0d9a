import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import type { ProvisionedPollerConfig } from '@aws-sdk/client-lambda';
import {
  CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings } from '../../kit/started-platform.ts';
import { asynchronous } from '../events/recording-function.ts';
import { mappedQueue } from './mapped-queue.ts';

const server = await asynchronous();
const { lambda } = server;

test('a queue in provisioned mode tells of its pollers, keeps them, and is polled', async () => {
  const queue = await mappedQueue(server, 'provisioned', {
    mapping: { ProvisionedPollerConfig: { MinimumPollers: 3 } },
  });
  const UUID = queue.mapping.UUID!;
  const shown = async (more?: { ProvisionedPollerConfig?: ProvisionedPollerConfig }) => {
    if (more !== undefined) await lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...more }));
    while ((await get()).State === 'Updating') await server.platform.clock.advance(0);
    return (await get()).ProvisionedPollerConfig;
  };
  const get = () => lambda.send(new GetEventSourceMappingCommand({ UUID }));
  assert.deepEqual(queue.mapping.ProvisionedPollerConfig, { MinimumPollers: 3, MaximumPollers: 200 });
  await queue.send('one');
  assert.deepEqual(await queue.batches(), [['one']]);
  const larger = { MinimumPollers: 20, MaximumPollers: 10_000 };
  assert.deepEqual(await shown({ ProvisionedPollerConfig: larger }), larger);
  assert.deepEqual(await shown({}), larger);
  assert.equal(await shown({ ProvisionedPollerConfig: {} }), undefined);
  await queue.send('two');
  assert.deepEqual(await queue.batches(), [['one'], ['two']]);
});

test('pollers that there cannot be are refused', async () => {
  const { mapping } = await mappedQueue(server, 'refusing', {
    mapping: { ScalingConfig: { MaximumConcurrency: 5 } },
  });
  const refusals: readonly [config: ProvisionedPollerConfig, message: RegExp][] = [
    [{ MinimumPollers: 1 }, /MinimumPollers must be between 2 and 200/],
    [{ MaximumPollers: 1 }, /must be between 2 and/],
    [
      { MinimumPollers: 30, MaximumPollers: 20 },
      /MinimumPollers \(30\) must be less than or equal to MaximumPollers \(20\)/,
    ],
    [{ MinimumPollers: 2, PollerGroupName: 'group' }, /PollerGroupName is not supported/],
    // With the maximum concurrency that it has.
    [{ MinimumPollers: 2 }, /ScalingConfig and ProvisionedPollerConfig cannot be set/],
  ];
  for (const [ProvisionedPollerConfig, message] of refusals) {
    await assert.rejects(
      lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping.UUID!, ProvisionedPollerConfig })),
      { name: 'InvalidParameterValueException', message },
    );
  }
  await assert.rejects(
    lambda.send(
      new UpdateEventSourceMappingCommand({
        UUID: mapping.UUID!,
        ProvisionedPollerConfig: { MinimumPollers: 201 },
      }),
    ),
    /failed to satisfy constraint: Member must have value less than or equal to 200/,
  );
});

test('streams have no provisioned mode', async () => {
  const kinesis = new KinesisClient(clientSettings(server.platform));
  await kinesis.send(new CreateStreamCommand({ StreamName: 'stream', ShardCount: 1 }));
  await server.create('of-stream');
  await assert.rejects(
    lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: 'of-stream',
        EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/stream',
        StartingPosition: 'LATEST',
        ProvisionedPollerConfig: { MinimumPollers: 2 },
      }),
    ),
    { message: 'Unsupported ProvisionedPollerConfig parameter for given event source mapping type.' },
  );
});

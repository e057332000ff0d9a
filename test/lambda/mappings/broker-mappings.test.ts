/** Mappings of brokers over the API; what they do with messages is shown with real brokers by the longer checks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { freePort } from '../../kit/free-port.ts';
import { refusal } from '../../services/iam/iam-clients.ts';
import { asynchronous } from '../events/recording-function.ts';
import { brokerArn, eventually, mappedBroker } from './mapped-broker.ts';

// Nobody listens there.
const address = `amqp://127.0.0.1:${await freePort()}`;
const server = await asynchronous({ brokers: { orders: address, cluster: '127.0.0.1:9092' } });
const { lambda } = server;
const shared = { broker: 'orders', credentials: { username: 'u', password: 'p' } };
const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:s-a1b2c3';

test('a mapping of a broker is described as AWS does, and changes but for its queue', async () => {
  const { mapping, secretArn } = await mappedBroker(server, 'described', {
    ...shared,
    access: [{ Type: 'VIRTUAL_HOST', URI: '/other' }],
  });
  const { UUID, LastModified, $metadata: _, ...rest } = mapping as typeof mapping & { $metadata: unknown };
  assert.ok(LastModified instanceof Date);
  // As in the guide on Amazon MQ, and with what every mapping has.
  assert.deepEqual(rest, {
    BatchSize: 100,
    EventSourceArn: brokerArn('orders'),
    EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${UUID}`,
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:described',
    FunctionResponseTypes: [],
    LastProcessingResult: 'No records processed',
    MaximumBatchingWindowInSeconds: 0,
    Queues: ['described'],
    SourceAccessConfigurations: [
      { Type: 'BASIC_AUTH', URI: secretArn },
      { Type: 'VIRTUAL_HOST', URI: '/other' },
    ],
    State: 'Creating',
    StateTransitionReason: 'USER_INITIATED',
  });
  const get = () => lambda.send(new GetEventSourceMappingCommand({ UUID }));
  assert.equal((await get()).State, 'Enabled');
  // There is no broker, which is told and does no harm.
  await eventually(server, async () => (await get()).LastProcessingResult !== 'No records processed');
  assert.equal(
    (await get()).LastProcessingResult,
    'PROBLEM: Connection error. Please check your event source connection configuration.',
  );
  await lambda.send(
    new UpdateEventSourceMappingCommand({
      UUID,
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 300,
      SourceAccessConfigurations: [{ Type: 'BASIC_AUTH', URI: SECRET }],
      Enabled: false,
    }),
  );
  await eventually(server, async () => (await get()).State === 'Disabled');
  const { BatchSize, MaximumBatchingWindowInSeconds, SourceAccessConfigurations, Queues } = await get();
  assert.deepEqual(
    [BatchSize, MaximumBatchingWindowInSeconds, SourceAccessConfigurations, Queues],
    [10_000, 300, [{ Type: 'BASIC_AUTH', URI: SECRET }], ['described']],
  );
});

test('what cannot be a mapping of a broker is refused', async () => {
  const { mapping } = await mappedBroker(server, 'refused', { ...shared, mapping: { Enabled: false } });
  const auth = { Type: 'BASIC_AUTH', URI: SECRET } as const;
  const invalid = 'InvalidParameterValueException';
  const cases: readonly [object, string, RegExp][] = [
    [{ Queues: undefined }, invalid, /Exactly one queue/],
    [{ SourceAccessConfigurations: undefined }, invalid, /BASIC_AUTH .* is required/],
    [{ SourceAccessConfigurations: [{ Type: 'BASIC_AUTH', URI: 'password' }] }, invalid, /BASIC_AUTH/],
    [{ SourceAccessConfigurations: [auth, { Type: 'SASL_SCRAM_512_AUTH', URI: SECRET }] }, invalid, /SASL/],
    [{ SourceAccessConfigurations: [auth, auth] }, invalid, /Only one BASIC_AUTH/],
    [{ FunctionResponseTypes: ['ReportBatchItemFailures'] }, invalid, /FunctionResponseTypes/],
    [{ ParallelizationFactor: 2 }, invalid, /ParallelizationFactor/],
    [{ ScalingConfig: { MaximumConcurrency: 2 } }, invalid, /ScalingConfig/],
    [{ StartingPosition: 'LATEST' }, invalid, /StartingPosition/],
    [{ Topics: ['topic'] }, invalid, /Topics/],
    [{ BatchSize: 10_001 }, 'ValidationException', /10001/],
    [{ MaximumBatchingWindowInSeconds: 301 }, 'ValidationException', /301/],
    [{ FilterCriteria: { Filters: [{ Pattern: '{' }] } }, invalid, /Invalid filter pattern definition/],
    [{ EventSourceArn: brokerArn('unknown') }, invalid, /Broker not found: .*--broker/],
    [{ EventSourceArn: brokerArn('cluster') }, invalid, /Kafka cluster/],
    [{}, 'ResourceConflictException', new RegExp(`already exists\\..*${mapping.UUID}`)],
  ];
  for (const [more, name, message] of cases) {
    const command = new CreateEventSourceMappingCommand({
      EventSourceArn: brokerArn('orders'),
      FunctionName: 'refused',
      Queues: ['refused'],
      SourceAccessConfigurations: [auth],
      ...more,
    });
    await assert.rejects(lambda.send(command), refusal(name, message), JSON.stringify(more));
  }
});

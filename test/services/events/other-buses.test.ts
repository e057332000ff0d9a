/** Buses of other accounts and regions as targets, as recorded for "test_event_bus_to_event_bus_cross_account_region". */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  EventBridgeClient,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { clientSettings } from '../../kit/started-platform.ts';
import { EventsTester } from './events-tester.ts';

const OTHER_ACCOUNT = '111122223333';
const HERE = '000000000000';

interface Elsewhere {
  readonly client: EventBridgeClient;
  /** Of its default bus. */
  readonly busArn: string;
}

/** Sends whatever comes to a default bus on to a queue of the tester. */
async function elsewhere(
  context: TestContext,
  events: EventsTester,
  [accountId, region]: readonly [string, string],
  queue: string,
): Promise<Elsewhere> {
  const credentials = { accessKeyId: accountId, secretAccessKey: 'test' };
  const client = new EventBridgeClient({ ...clientSettings(events.platform), region, credentials });
  context.after(() => client.destroy());
  await client.send(new PutRuleCommand({ Name: 'all', EventPattern: '{"source":["test"]}' }));
  await client.send(new PutTargetsCommand({ Rule: 'all', Targets: [{ Id: 'q', Arn: queue }] }));
  return { client, busArn: `arn:aws:events:${region}:${accountId}:event-bus/default` };
}

test('a bus of another account takes what its policy lets in', async (context) => {
  const events = await EventsTester.alone(context);
  const [queue, dead] = [await events.queue('other'), await events.queue('refused')];
  const { client, busArn } = await elsewhere(context, events, [OTHER_ACCOUNT, 'us-east-1'], queue);
  const bus = await events.bus();
  await events.rule(bus, { Arn: busArn, DeadLetterConfig: { Arn: dead } });
  const [refused] = await events.put(bus, {});
  const [letter] = await events.messages(dead);
  assert.equal(JSON.parse(letter!.Body!).id, refused);
  assert.equal(letter!.MessageAttributes!['ERROR_CODE']!.StringValue, 'NO_PERMISSIONS');
  await client.send(
    new PutPermissionCommand({ StatementId: 's', Principal: HERE, Action: 'events:PutEvents' }),
  );
  const [id] = await events.put(bus, {});
  const [body] = await events.bodies(queue);
  const { id: arrived, account } = JSON.parse(body!);
  assert.deepEqual([arrived, account], [id, HERE]);
});

test('in another region an event has another id, and says where it comes from', async (context) => {
  const events = await EventsTester.alone(context);
  const queue = await events.queue('far');
  const { busArn } = await elsewhere(context, events, [HERE, 'eu-west-1'], queue);
  const bus = await events.bus();
  await events.rule(bus, { Arn: busArn });
  const [id] = await events.put(bus, {});
  const [body] = await events.bodies(queue);
  const { id: arrived, region } = JSON.parse(body!);
  assert.notEqual(arrived, id);
  assert.equal(region, 'us-east-1');
});

test('what is no event is not sent to a bus again and again', async (context) => {
  const events = await EventsTester.start(context);
  const [from, to] = [await events.bus('from'), await events.bus('to')];
  const dead = await events.queue('dead');
  const target = {
    Arn: `arn:aws:events:us-east-1:${HERE}:event-bus/${to}`,
    DeadLetterConfig: { Arn: dead },
  };
  const event = { source: 's', 'detail-type': 't', detail: {} };
  await events.rule(
    from,
    { ...target, Input: '"text"' },
    { ...target, Input: JSON.stringify({ ...event, time: 'today' }) },
    { ...target, InputTransformer: { InputTemplate: '{not JSON' } },
    { ...target, Input: JSON.stringify(event) },
  );
  await events.put(from, {});
  const codes = (await events.messages(dead)).map((letter) => letter.MessageAttributes!['ERROR_CODE']!);
  assert.deepEqual(
    codes.map(({ StringValue }) => StringValue),
    ['INVALID_PARAMETER', 'INVALID_PARAMETER', 'INVALID_PARAMETER'],
  );
});

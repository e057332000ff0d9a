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

/** Words as recorded for "TestEventBus". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  ListEventBusesCommand,
  ListTagsForResourceCommand,
  PutPermissionCommand,
  PutRuleCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventBusCommand,
} from '@aws-sdk/client-eventbridge';
import { EventsTester, failure } from './events-tester.ts';

test('a bus is made, described, changed, listed and deleted; the default one is always there', async (context) => {
  const { client, ...events } = await EventsTester.start(context);
  const Name = `bus-${events.platform.clock.now()}`;
  const made = await client.send(new CreateEventBusCommand({ Name, Description: 'mine' }));
  const Arn = `arn:aws:events:us-east-1:000000000000:event-bus/${Name}`;
  assert.deepEqual([made.EventBusArn, made.Description], [Arn, 'mine']);
  const exists = await failure(client.send(new CreateEventBusCommand({ Name })));
  assert.deepEqual(exists, ['ResourceAlreadyExistsException', `Event bus ${Name} already exists.`]);
  await client.send(new UpdateEventBusCommand({ Name, Description: 'ours' }));
  const described = await client.send(new DescribeEventBusCommand({ Name }));
  assert.deepEqual([described.Arn, described.Name, described.Description], [Arn, Name, 'ours']);
  assert.ok(described.CreationTime instanceof Date);
  const { EventBuses } = await client.send(new ListEventBusesCommand({}));
  assert.ok(EventBuses!.some((bus) => bus.Name === 'default'));
  assert.ok(EventBuses!.some((bus) => bus.Name === Name));
  const { EventBuses: named } = await client.send(new ListEventBusesCommand({ NamePrefix: Name }));
  assert.equal(named!.length, 1);
  const { EventBuses: first, NextToken } = await client.send(new ListEventBusesCommand({ Limit: 1 }));
  const { EventBuses: second } = await client.send(new ListEventBusesCommand({ Limit: 1, NextToken }));
  assert.notEqual(first![0]!.Name, second![0]!.Name);
  const rule = { Name: 'r', EventBusName: Name };
  await client.send(new PutRuleCommand({ ...rule, EventPattern: '{"source":["a"]}' }));
  const kept = await failure(client.send(new DeleteEventBusCommand({ Name })));
  assert.deepEqual(kept, ['ValidationException', "Event bus can't be deleted since it has rules."]);
  await client.send(new DeleteRuleCommand(rule));
  await client.send(new DeleteEventBusCommand({ Name }));
  for (const command of [new DescribeEventBusCommand({ Name }), new DeleteEventBusCommand({ Name })]) {
    const gone = await failure(client.send(command as DescribeEventBusCommand));
    assert.deepEqual(gone, ['ResourceNotFoundException', `Event bus ${Name} does not exist.`]);
  }
  const ofAws = await failure(client.send(new DeleteEventBusCommand({ Name: 'default' })));
  assert.deepEqual(ofAws, ['ValidationException', 'Cannot delete event bus default.']);
});

test('what is not done for a bus is refused by name', async (context) => {
  const { client } = await EventsTester.start(context);
  const more = { Name: 'x', KmsKeyIdentifier: 'alias/a' };
  const [code, message] = await failure(client.send(new CreateEventBusCommand(more)));
  assert.deepEqual(
    [code, message],
    [
      'NotImplemented',
      'selfsame does not implement CreateEventBus with KmsKeyIdentifier of EventBridge yet.',
    ],
  );
});

test('a bus has a policy of statements, put and removed one by one', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const EventBusName = await events.bus();
  const statements = async () => {
    const { Policy } = await client.send(new DescribeEventBusCommand({ Name: EventBusName }));
    return Policy === undefined ? undefined : (JSON.parse(Policy).Statement as Record<string, unknown>[]);
  };
  const put = (StatementId: string, Principal: string) =>
    client.send(
      new PutPermissionCommand({ EventBusName, StatementId, Principal, Action: 'events:PutEvents' }),
    );
  const remove = (more: object) => client.send(new RemovePermissionCommand({ EventBusName, ...more }));
  await put('one', '111122223333');
  await put('all', '*');
  await put('one', '444455556666');
  const Resource = `arn:aws:events:us-east-1:000000000000:event-bus/${EventBusName}`;
  const common = { Effect: 'Allow', Action: 'events:PutEvents', Resource };
  assert.deepEqual(await statements(), [
    { Sid: 'all', ...common, Principal: '*' },
    { Sid: 'one', ...common, Principal: { AWS: 'arn:aws:iam::444455556666:root' } },
  ]);
  assert.equal((await failure(remove({ StatementId: 'two' })))[0], 'ResourceNotFoundException');
  await remove({ StatementId: 'all' });
  assert.equal((await statements())!.length, 1);
  await remove({ RemoveAllPermissions: true });
  assert.equal(await statements(), undefined);
  const broken = new PutPermissionCommand({ EventBusName, Policy: '{"Statement":' });
  assert.equal((await failure(client.send(broken)))[0], 'ValidationException');
});

test('buses and rules have tags', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const Tags = [{ Key: 'a', Value: '1' }];
  const { EventBusArn } = await client.send(
    new CreateEventBusCommand({ Name: events.unique('tagged'), Tags }),
  );
  const rule = { Name: events.unique('tagged'), EventPattern: '{"source":["a"]}', Tags };
  const { RuleArn } = await client.send(new PutRuleCommand(rule));
  for (const ResourceARN of [EventBusArn!, RuleArn!]) {
    await client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: 'b', Value: '2' }] }));
    await client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['a'] }));
    const listed = await client.send(new ListTagsForResourceCommand({ ResourceARN }));
    assert.deepEqual(listed.Tags, [{ Key: 'b', Value: '2' }]);
  }
  const ResourceARN = `${RuleArn}x`;
  const [code] = await failure(client.send(new ListTagsForResourceCommand({ ResourceARN })));
  assert.equal(code, 'ResourceNotFoundException');
});

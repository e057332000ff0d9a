/** Words as recorded for "TestEventRule", "TestEventTarget", "TestScheduleCron" and "TestInputTransformer". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Target } from '@aws-sdk/client-eventbridge';
import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge';
import { EventsTester, failure } from './events-tester.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';

test('a rule is put, described, switched, listed and deleted', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const EventBusName = await events.bus();
  const EventPattern = '{"source":["a"]}';
  const { RuleArn } = await client.send(
    new PutRuleCommand({ Name: 'r', EventBusName, EventPattern, Description: 'mine' }),
  );
  assert.equal(RuleArn, `arn:aws:events:us-east-1:000000000000:rule/${EventBusName}/r`);
  const shown = {
    Name: 'r',
    Arn: RuleArn,
    State: 'ENABLED',
    EventBusName,
    EventPattern,
    Description: 'mine',
  };
  const rule = { Name: 'r', EventBusName };
  const describe = async () => {
    const { $metadata, ...described } = await client.send(new DescribeRuleCommand(rule));
    return described;
  };
  assert.deepEqual(await describe(), { ...shown, CreatedBy: '000000000000' });
  await client.send(new DisableRuleCommand(rule));
  assert.equal((await describe()).State, 'DISABLED');
  await client.send(new EnableRuleCommand(rule));
  const { Rules } = await client.send(new ListRulesCommand({ EventBusName, NamePrefix: 'r' }));
  assert.deepEqual(Rules, [shown]);
  await client.send(new PutTargetsCommand({ Rule: 'r', EventBusName, Targets: [{ Id: '1', Arn: QUEUE }] }));
  const kept = await failure(client.send(new DeleteRuleCommand(rule)));
  assert.deepEqual(kept, ['ValidationException', "Rule can't be deleted since it has targets."]);
  await client.send(new RemoveTargetsCommand({ Rule: 'r', EventBusName, Ids: ['1'] }));
  await client.send(new DeleteRuleCommand(rule));
  await client.send(new DeleteRuleCommand(rule));
  const gone = await failure(client.send(new DescribeRuleCommand(rule)));
  assert.deepEqual(gone, ['ResourceNotFoundException', `Rule r does not exist on EventBus ${EventBusName}.`]);
});

test('rules that cannot be are refused', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const EventBusName = await events.bus();
  const put = (more: object) => failure(client.send(new PutRuleCommand({ Name: 'r', ...more })));
  assert.deepEqual(await put({}), [
    'ValidationException',
    'Parameter(s) EventPattern or ScheduleExpression must be specified.',
  ]);
  const invalid = ['ValidationException', 'Parameter ScheduleExpression is not valid.'];
  for (const ScheduleExpression of [
    'cron(0 1 * * * *)',
    'cron(INVALID)',
    'at(2030-01-01T00:00:00)',
    'rate(1 days)',
  ])
    assert.deepEqual(await put({ ScheduleExpression }), invalid);
  assert.deepEqual(await put({ EventBusName, ScheduleExpression: 'rate(1 day)' }), [
    'ValidationException',
    'ScheduleExpression is supported only on the default event bus.',
  ]);
  const [code, message] = await put({ EventPattern: '{"source":"a"}' });
  assert.deepEqual(
    [code, message],
    [
      'InvalidEventPatternException',
      'Event pattern is not valid. Reason: "source" must be an object or an array',
    ],
  );
  const [missing] = await put({ EventBusName: 'nowhere', EventPattern: '{"source":["a"]}' });
  assert.equal(missing, 'ResourceNotFoundException');
});

test('targets are put under their ids, five at most', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const EventBusName = await events.bus();
  await client.send(new PutRuleCommand({ Name: 'r', EventBusName, EventPattern: '{"source":["a"]}' }));
  const put = (...Targets: Target[]) =>
    client.send(new PutTargetsCommand({ Rule: 'r', EventBusName, Targets }));
  const target = (Id: string, more: object = {}): Target => ({ Id, Arn: QUEUE, ...more });
  const { $metadata, ...answer } = await put(target('1'), target('2'));
  assert.deepEqual(answer, { FailedEntryCount: 0, FailedEntries: [] });
  await put(target('1', { Input: '"other"' }));
  const listed = await client.send(new ListTargetsByRuleCommand({ Rule: 'r', EventBusName }));
  assert.deepEqual(listed.Targets, [target('1', { Input: '"other"' }), target('2')]);
  const many = ['3', '4', '5', '6'].map((id) => target(id));
  assert.deepEqual(await failure(put(...many)), [
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  ]);
  const names = { EventBusName, TargetArn: QUEUE };
  assert.deepEqual((await client.send(new ListRuleNamesByTargetCommand(names))).RuleNames, ['r']);
  const both = target('3', { InputPath: '$.a', Input: '1' });
  assert.deepEqual(await failure(put(both)), [
    'ValidationException',
    'Only one of Input, InputPath, or InputTransformer must be provided for target 3.',
  ]);
  const template = { InputTransformer: { InputPathsMap: { a: '$.detail' }, InputTemplate: '"<b>"' } };
  assert.deepEqual(await failure(put(target('3', template))), [
    'ValidationException',
    'InputTemplate for target 3 contains invalid placeholder b.',
  ]);
  const [code, message] = await failure(
    put({ Id: '3', Arn: 'arn:aws:batch:us-east-1:000000000000:job-queue/q' }),
  );
  assert.deepEqual(
    [code, message],
    ['NotImplemented', 'selfsame does not implement targets of batch of EventBridge yet.'],
  );
  const fifo = { Id: '3', Arn: `${QUEUE}.fifo` };
  assert.equal((await failure(put(fifo)))[0], 'ValidationException');
});

test('patterns are tried on events', async (context) => {
  const { client } = await EventsTester.start(context);
  const event = {
    id: '1',
    account: '000000000000',
    source: 'a',
    time: '2026-01-01T00:00:00Z',
    region: 'us-east-1',
    resources: [],
    'detail-type': 'b',
    detail: { size: 3 },
  };
  const tried = async (pattern: object, Event = JSON.stringify(event)) => {
    const EventPattern = JSON.stringify(pattern);
    return (await client.send(new TestEventPatternCommand({ EventPattern, Event }))).Result;
  };
  assert.equal(await tried({ detail: { size: [{ numeric: ['>', 2] }] } }), true);
  assert.equal(await tried({ source: ['b'] }), false);
  const broken = await failure(tried({ source: ['b'] }, 'text'));
  assert.deepEqual(broken, ['ValidationException', 'Parameter Event is not valid.']);
});

/** Events on their way to targets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DisableRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { EventsTester, failure } from './events-tester.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

test('an event reaches the targets of the rules that let it through', async (context) => {
  const events = await EventsTester.start(context);
  const bus = await events.bus();
  const [first, second] = [await events.queue('first'), await events.queue('second')];
  await events.ruleOf(bus, { detail: { size: [{ numeric: ['>', 2] }] } }, { Arn: first });
  await events.ruleOf(bus, { source: [{ prefix: 'te' }] }, { Arn: first }, { Arn: second });
  const Time = new Date('2026-01-02T03:04:05.678Z');
  const [id] = await events.put(bus, { Detail: '{"size":3}', Resources: ['r'], Time }, { Source: 'other' });
  const event = {
    version: '0',
    id,
    'detail-type': 'Tested',
    source: 'test',
    account: '000000000000',
    time: '2026-01-02T03:04:05Z',
    region: 'us-east-1',
    resources: ['r'],
    detail: { size: 3 },
  };
  const arrived = (await events.bodies(first)).map((body) => JSON.parse(body));
  assert.deepEqual(arrived, [event, event]);
  assert.deepEqual(
    (await events.bodies(second)).map((body) => JSON.parse(body)),
    [event],
  );
});

// Words as recorded for "TestEvents".
test('entries are refused one by one, in the words of AWS', async (context) => {
  const events = await EventsTester.start(context);
  const malformed = 'MalformedDetail: Detail is malformed.';
  const required = (name: string) =>
    `InvalidArgument: Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
  const answers = await events.put(
    'default',
    { Source: undefined },
    { DetailType: undefined },
    { Detail: undefined },
    { Detail: 'text' },
    { Detail: '[]' },
    { Source: 'aws.s3' },
    {},
  );
  assert.deepEqual(answers.slice(0, 6), [
    required('Source'),
    required('DetailType'),
    required('Detail'),
    malformed,
    malformed,
    'NotAuthorizedForSourceException: Not authorized for the source.',
  ]);
  assert.match(answers[6]!, /^[0-9a-f-]{36}$/);
  const [nowhere] = await events.put('nowhere', {});
  assert.match(nowhere!, /^[0-9a-f-]{36}$/, 'recorded: an event for no bus is taken');
  const large = { Source: 'a', DetailType: 'b', Detail: JSON.stringify({ a: 'x'.repeat(256 * 1024) }) };
  const refused = await failure(events.client.send(new PutEventsCommand({ Entries: [large] })));
  assert.deepEqual(refused, [
    'ValidationException',
    'Total size of the entries in the request is over the limit.',
  ]);
});

// Forms as recorded for "TestInputTransformer".
test('a target is given a text, a part or a transformation of the event', async (context) => {
  const events = await EventsTester.start(context);
  const bus = await events.bus();
  const queue = await events.queue('inputs');
  const InputPathsMap = {
    type: '$.detail-type',
    list: '$.detail.list',
    second: '$.detail.list[1]',
    none: '$.detail.x',
  };
  const rule = await events.rule(
    bus,
    { Arn: queue, Input: '{"fixed":true}' },
    { Arn: queue, InputPath: '$.detail.list' },
    {
      Arn: queue,
      InputTransformer: {
        InputPathsMap,
        InputTemplate:
          '{"type": <type>, "list": <list>, "text": "<second> of <list>", "none": "<none>", "bare": <none>}',
      },
    },
    { Arn: queue, InputTransformer: { InputTemplate: '"<aws.events.rule-name> <aws.events.rule-arn>"' } },
  );
  await events.put(bus, { Detail: '{"list":["a","b\\"c"]}' });
  const bodies = await events.bodies(queue);
  const name = rule.split('/').at(-1);
  assert.deepEqual(
    new Set(bodies.map((body) => JSON.stringify(JSON.parse(body)))),
    new Set([
      '{"fixed":true}',
      '["a","b\\"c"]',
      JSON.stringify({
        type: 'Tested',
        list: ['a', 'b"c'],
        text: 'b"c of ["a","b\\"c"]',
        none: '',
        bare: '',
      }),
      `"${name} ${rule}"`,
    ]),
  );
});

test('a bus may be the target of a rule of another bus', async (context) => {
  const events = await EventsTester.start(context);
  const [from, to] = [await events.bus('from'), await events.bus('to')];
  const queue = await events.queue('end');
  await events.rule(from, { Arn: `arn:aws:events:us-east-1:000000000000:event-bus/${to}` });
  await events.rule(to, { Arn: queue });
  const [id] = await events.put(from, {});
  assert.deepEqual(
    (await events.bodies(queue)).map((body) => JSON.parse(body).id),
    [id],
  );
});

// As users saw it on AWS; the user guide says that an event is not routed to a third bus.
test('an event is handed on to one bus, so that a ring of them ends', async (context) => {
  const events = await EventsTester.start(context);
  const bus = await events.bus('ring');
  const [seen, dead] = [await events.queue('seen'), await events.queue('given-up')];
  const Arn = `arn:aws:events:us-east-1:000000000000:event-bus/${bus}`;
  await events.rule(bus, { Arn, DeadLetterConfig: { Arn: dead } }, { Arn: seen });
  const [id] = await events.put(bus, {});
  const [letter, ...others] = await events.messages(dead);
  assert.equal(others.length, 0);
  const { ERROR_CODE, ERROR_MESSAGE, RETRY_ATTEMPTS } = letter!.MessageAttributes!;
  assert.equal(ERROR_CODE!.StringValue, 'THIRD_ACCOUNT_HOP_DETECTED');
  assert.ok(ERROR_MESSAGE!.StringValue!.startsWith(`Event ingestion rejected for event ${id} because`));
  assert.equal(RETRY_ATTEMPTS!.StringValue, '0');
  assert.equal((await events.messages(seen)).length, 2);
});

test('whole numbers of 64 bits arrive as they were sent', async (context) => {
  const events = await EventsTester.start(context);
  const [from, to] = [await events.bus('exact-from'), await events.bus('exact-to')];
  const queue = await events.queue('exact');
  await events.rule(from, { Arn: `arn:aws:events:us-east-1:000000000000:event-bus/${to}` });
  const InputTransformer = {
    InputPathsMap: { id: '$.detail.id' },
    InputTemplate: '{"id":<id>,"text":"<id>"}',
  };
  const numeric = { source: ['test'], detail: { id: [{ numeric: ['>', 9007199254740992] }] } };
  await events.ruleOf(to, numeric, { Arn: queue }, { Arn: queue, InputTransformer });
  const id = '9223372036854775807';
  await events.put(from, { Detail: `{"id":${id}}` });
  const [whole, part] = (await events.bodies(queue)).sort((a, b) => b.length - a.length);
  assert.match(whole!, new RegExp(`"detail":{"id":${id}}}$`));
  assert.equal(part, `{"id":${id},"text":"${id}"}`);
});

test('the trace header of an entry goes with the event, also through another bus', async (context) => {
  const events = await EventsTester.start(context);
  const [from, to] = [await events.bus('traced-from'), await events.bus('traced-to')];
  const queue = await events.queue('traced');
  await events.rule(from, { Arn: `arn:aws:events:us-east-1:000000000000:event-bus/${to}` });
  await events.rule(to, { Arn: queue });
  const TraceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  await events.put(from, { TraceHeader }, {});
  const traces = (await events.messages(queue)).map(({ Attributes }) => Attributes?.['AWSTraceHeader']);
  assert.deepEqual(traces.sort(), [TraceHeader, undefined]);
});

test('a target that is gone gets its event into the dead-letter queue at once', async (context) => {
  const events = await EventsTester.start(context);
  const bus = await events.bus();
  const dead = await events.queue('dead');
  const Arn = 'arn:aws:sqs:us-east-1:000000000000:nowhere';
  const rule = await events.rule(bus, { Arn, DeadLetterConfig: { Arn: dead } });
  const [id] = await events.put(bus, {});
  const [letter, ...others] = await events.messages(dead);
  assert.equal(others.length, 0);
  assert.equal(JSON.parse(letter!.Body!).id, id);
  const attributes = Object.entries(letter!.MessageAttributes!).map(([name, value]) => [
    name,
    value.StringValue,
  ]);
  const { ERROR_MESSAGE, ...told } = Object.fromEntries(attributes);
  assert.match(ERROR_MESSAGE, /queue does not exist/);
  assert.deepEqual(told, { ERROR_CODE: 'NO_RESOURCE', RETRY_ATTEMPTS: '0', RULE_ARN: rule, TARGET_ARN: Arn });
});

test('rules with schedules send their events when they are due', async (context) => {
  const events = await EventsTester.alone(context);
  const queue = await events.queue('ticks');
  const { client } = events;
  const { RuleArn } = await client.send(
    new PutRuleCommand({ Name: 'hourly', ScheduleExpression: 'cron(0 * * * ? *)' }),
  );
  await client.send(new PutTargetsCommand({ Rule: 'hourly', Targets: [{ Id: '1', Arn: queue }] }));
  await client.send(
    new PutRuleCommand({ Name: 'often', ScheduleExpression: 'rate(10 minutes)', State: 'DISABLED' }),
  );
  await client.send(
    new PutTargetsCommand({ Rule: 'often', Targets: [{ Id: '1', Arn: queue, Input: '"tick"' }] }),
  );
  await events.platform.clock.advance(3 * HOUR_MS);
  const ticks = (await events.bodies(queue)).map((body) => JSON.parse(body));
  assert.equal(ticks.length, 3);
  const { id, time, ...tick } = ticks[0]!;
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:00:00Z$/);
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(tick, {
    version: '0',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    region: 'us-east-1',
    resources: [RuleArn],
    detail: {},
  });
  await client.send(new DisableRuleCommand({ Name: 'hourly' }));
  await client.send(new PutRuleCommand({ Name: 'often', ScheduleExpression: 'rate(10 minutes)' }));
  await events.platform.clock.advance(35 * MINUTE_MS);
  assert.deepEqual(await events.bodies(queue), ['"tick"', '"tick"', '"tick"']);
});

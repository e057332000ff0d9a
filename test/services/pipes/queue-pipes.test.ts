import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartPipeCommand } from '@aws-sdk/client-pipes';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { PipesTester, ROLE } from './pipes-tester.ts';

test('messages go from queue to queue as AWS hands them to functions', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [await pipes.queue('from'), await pipes.queue('to')];
  await pipes.pipe('plain', source, target);
  const messageId = await pipes.send(source, 'hello');
  const [body] = await pipes.bodies(target);
  const { receiptHandle, attributes, md5OfBody, ...record } = JSON.parse(body!);
  assert.ok(receiptHandle && attributes.SentTimestamp && md5OfBody);
  assert.deepEqual(record, {
    messageId,
    body: 'hello',
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: source,
    awsRegion: 'us-east-1',
  });
  await pipes.platform.clock.advance(60_000);
  const { Attributes } = await pipes.queues.send(
    new GetQueueAttributesCommand({ QueueUrl: pipes.urlOf(source), AttributeNames: ['All'] }),
  );
  assert.equal(Attributes!['ApproximateNumberOfMessages'], '0', 'and are deleted from the first');
});

test('only what the filter lets through goes on, in the form of the template', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [await pipes.queue('filtered'), await pipes.queue('shaped')];
  const name = await pipes.pipe('shaping', source, target, {
    SourceParameters: { FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["a"]}}' }] } },
    TargetParameters: {
      InputTemplate: '{"n": <$.body.n>, "text": "is <$.body.text>", "by": "<aws.pipes.pipe-name>"}',
    },
  });
  await pipes.send(source, JSON.stringify({ kind: 'b', n: 1 }));
  await pipes.send(source, JSON.stringify({ kind: 'a', n: 2, text: 'a "quote"' }));
  const [body] = await pipes.bodies(target);
  assert.deepEqual(JSON.parse(body!), { n: 2, text: 'is a "quote"', by: name });
  await pipes.platform.clock.advance(60_000);
  assert.deepEqual(await pipes.arrived(target), []);
});

test('an enrichment gets the list and says what goes on; nothing where it answers nothing', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [await pipes.queue('rich'), await pipes.queue('enriched')];
  const enrichment = await pipes.function(
    'enrich',
    'async (events) => events[0].text === "drop" ? [] : events.map(({ text }) => ({ upper: text.toUpperCase() }))',
  );
  await pipes.pipe('enriching', source, target, {
    Enrichment: enrichment,
    EnrichmentParameters: { InputTemplate: '{"text": <$.body>}' },
    TargetParameters: { InputTemplate: 'enriched: <$.upper>' },
    SourceParameters: { SqsQueueParameters: { BatchSize: 1 } },
  });
  await pipes.send(source, 'drop');
  await pipes.send(source, 'keep');
  assert.deepEqual(await pipes.bodies(target), ['enriched: KEEP']);
});

test('a function as the target gets the list, and only what it reports as failed comes again', async (context) => {
  const pipes = await PipesTester.start(context);
  const dead = await pipes.queue('given-up');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead, maxReceiveCount: 2 });
  const source = await pipes.queue('partly', { VisibilityTimeout: '30', RedrivePolicy });
  const target = await pipes.function(
    'partly',
    `async (events) => ({
      batchItemFailures: events.filter(({ body }) => body === 'bad').map(({ messageId }) => ({ itemIdentifier: messageId })),
    })`,
  );
  await pipes.pipe('partly', source, target);
  for (const body of ['good', 'bad', 'good']) await pipes.send(source, body);
  const given: string[] = [];
  while (given.length === 0) {
    await pipes.platform.clock.advance(31_000);
    given.push(...(await pipes.arrived(dead)).map(({ Body }) => Body!));
  }
  assert.deepEqual(given, ['bad']);
  await pipes.platform.clock.advance(120_000);
  assert.deepEqual(await pipes.arrived(dead), []);
  assert.deepEqual(await pipes.arrived(source), []);
});

test('FIFO queues keep their groups from end to end', async (context) => {
  const pipes = await PipesTester.start(context);
  const fifo = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const [source, target] = [await pipes.queue('line.fifo', fifo), await pipes.queue('next.fifo', fifo)];
  await pipes.pipe('line', source, target, {
    TargetParameters: {
      InputTemplate: '<$.body>',
      SqsQueueParameters: {
        MessageGroupId: '$.attributes.MessageGroupId',
        MessageDeduplicationId: '$.messageId',
      },
    },
  });
  for (let index = 0; index < 6; index += 1)
    await pipes.send(source, `${index}`, { MessageGroupId: `g${index % 2}` });
  const messages = await pipes.receive(target, 6);
  for (const group of ['g0', 'g1'])
    assert.deepEqual(
      messages
        .filter(({ Attributes }) => Attributes!['MessageGroupId'] === group)
        .map(({ Body }) => Number(Body)),
      group === 'g0' ? [0, 2, 4] : [1, 3, 5],
    );
});

test('a target that is gone does not lose messages: they arrive when it is back', async (context) => {
  const pipes = await PipesTester.start(context);
  const source = await pipes.queue('waiting', { VisibilityTimeout: '10' });
  const target = `arn:aws:sqs:us-east-1:000000000000:${pipes.unique('absent')}`;
  await pipes.pipe('waiting', source, target, { RoleArn: ROLE });
  await pipes.send(source, 'patient');
  await pipes.platform.clock.advance(25_000);
  await pipes.queue('absent');
  await pipes.platform.clock.advance(11_000);
  const [body] = await pipes.bodies(target);
  assert.equal(JSON.parse(body!).body, 'patient');
});

test('messages that are together too large for one request are sent in several', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [await pipes.queue('large'), await pipes.queue('large-too')];
  const name = await pipes.pipe('large', source, target, {
    DesiredState: 'STOPPED',
    TargetParameters: { InputTemplate: '<$.body>' },
  });
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(400_000));
  for (const text of texts) await pipes.send(source, text);
  await pipes.client.send(new StartPipeCommand({ Name: name }));
  assert.deepEqual((await pipes.bodies(target, 4)).sort(), texts);
});

test('an enrichment that fails is a failure of the batch', async (context) => {
  const pipes = await PipesTester.start(context);
  const dead = await pipes.queue('broken-dead');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead, maxReceiveCount: 1 });
  const source = await pipes.queue('broken', { VisibilityTimeout: '5', RedrivePolicy });
  const enrichment = await pipes.function('broken', 'async () => { throw new Error("no"); }');
  await pipes.pipe('broken', source, await pipes.queue('never'), { Enrichment: enrichment });
  await pipes.send(source, 'x');
  const given: string[] = [];
  while (given.length === 0) {
    await pipes.platform.clock.advance(6_000);
    given.push(...(await pipes.arrived(dead)).map(({ Body }) => Body!));
  }
  assert.deepEqual(given, ['x']);
});

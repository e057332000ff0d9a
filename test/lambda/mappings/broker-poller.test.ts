/** What polls a broker's queue, over a broker of the test's own; real ones are asked by the longer checks. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { AwsError } from '../../../src/core/errors.ts';
import type { BrokerPollerDependencies } from '../../../src/lambda/mappings/broker-poller.ts';
import { brokerPoller } from '../../../src/lambda/mappings/broker-poller.ts';
import type { MappingRecord } from '../../../src/lambda/records/mapping-table.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import type { BrokerQueueOptions } from '../../../src/ports/broker-queue.ts';
import type { SourceRecord } from '../../../src/ports/event-source.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';

const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:broker-a1b2c3';
const BROKER = { queue: 'q', secretArn: SECRET };
const MAPPING: MappingRecord = {
  uuid: 'u',
  accountId: '000000000000',
  region: 'us-east-1',
  functionName: 'f',
  eventSourceArn: 'arn:aws:mq:us-east-1:000000000000:broker:orders:b-1',
  enabled: true,
  batchSize: 2,
  windowSeconds: 0,
  reportsItemFailures: false,
  countsEvents: true,
  broker: BROKER,
  tags: {},
  lastModifiedMs: 0,
};

/** A queue that says what it was asked for. */
class TestBroker {
  readonly connections: BrokerQueueOptions[] = [];
  readonly answers: string[] = [];
  readonly waiting: SourceRecord[] = [];
  isDown = false;
  private tell = Promise.withResolvers<void>();

  send(...texts: string[]): void {
    for (const [index, text] of texts.entries()) {
      const record = { basicProperties: {}, redelivered: false, data: Buffer.from(text).toString('base64') };
      this.waiting.push({ handle: `${text.slice(0, 10)}${index}`, itemId: text, record });
    }
    this.news();
  }

  news(): void {
    this.tell.resolve();
    this.tell = Promise.withResolvers();
  }

  readonly open: BrokerPollerDependencies['openBrokerQueue'] = async (options) => {
    this.connections.push(options);
    if (this.isDown) throw new Error('ECONNREFUSED');
    const note = (what: string) => (handles: readonly string[]) => {
      this.answers.push(`${what} ${handles.join(' ')}`);
    };
    return {
      take: async (max, signal) => {
        while (this.waiting.length === 0 && !signal.aborted) {
          if (this.isDown) throw new Error('ECONNRESET');
          const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
          await Promise.race([this.tell.promise, stopped]);
        }
        return this.waiting.splice(0, max);
      },
      acknowledge: note('acknowledge'),
      release: note('release'),
      giveBackFailed: note('fail'),
      close: async () => {
        this.answers.push('close');
      },
    };
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

function polled(
  context: TestContext,
  more: Partial<BrokerPollerDependencies> = {},
  address = 'amqp://127.0.0.1',
  mapping: Partial<MappingRecord> = {},
) {
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  const broker = new TestBroker();
  const events: unknown[] = [];
  const results: string[] = [];
  const counts = new Map<string, number>();
  const run = { outcome: { payload: Buffer.from('null'), functionError: undefined as string | undefined } };
  const poller = brokerPoller(
    {
      invoker: {
        run: async (_: unknown, { payload }: { payload: Buffer }) => {
          events.push(JSON.parse(payload.toString()));
          return run;
        },
      },
      roleOf: () => 'arn:aws:iam::000000000000:role/r',
      call: async () => ({ SecretString: '{"username":"u","password":"p"}' }),
      metrics: {
        record: ({ name, value }: { name: string; value: number }) =>
          counts.set(name, (counts.get(name) ?? 0) + value),
      },
      clock,
      ids: randomIds,
      log: new RecordedLog(),
      brokers: { orders: address },
      openBrokerQueue: broker.open,
      requireOfRole: async () => {},
      processed: (result: string) => results.push(result),
      ...more,
    } as unknown as BrokerPollerDependencies,
    { ...MAPPING, ...mapping },
    BROKER,
  )!;
  poller.start();
  context.after(async () => {
    await poller.stop();
    clock.close();
  });
  return { broker, clock, events, results, counts, run, poller };
}

test('messages are acknowledged when the function has succeeded, and counted', async (context) => {
  const { broker, events, results, counts, poller } = polled(context);
  broker.send('a', 'b', 'c');
  await settled();
  const { eventSourceArn } = MAPPING;
  const message = (text: string) => ({
    basicProperties: {},
    redelivered: false,
    data: Buffer.from(text).toString('base64'),
  });
  assert.deepEqual(events, [
    { eventSource: 'aws:rmq', eventSourceArn, rmqMessagesByQueue: { 'q::/': [message('a'), message('b')] } },
    { eventSource: 'aws:rmq', eventSourceArn, rmqMessagesByQueue: { 'q::/': [message('c')] } },
  ]);
  await poller.stop();
  assert.deepEqual(broker.answers, ['acknowledge a0 b1', 'acknowledge c2', 'close']);
  assert.deepEqual(results, ['OK', 'OK']);
  assert.deepEqual(Object.fromEntries(counts), {
    PolledEventCount: 3,
    InvokedEventCount: 3,
    DeletedEventCount: 3,
  });
});

test('a broker is asked for as many messages as may be worked on', async (context) => {
  const rabbitmq = polled(context);
  const activemq = polled(context, {}, 'amqps+activemq://broker.example');
  await settled();
  const [first] = rabbitmq.broker.connections;
  assert.deepEqual(
    [first!.prefetch, first!.username, first!.password, first!.queue, first!.virtualHost],
    [2, 'u', 'p', 'q', '/'],
  );
  assert.deepEqual(
    activemq.broker.connections.map(({ prefetch, address }) => [prefetch, address.isTls]),
    [[10, true]],
  );
});

test('what a function fails for is given back after a while that grows', async (context) => {
  const { broker, clock, results, run } = polled(context);
  run.outcome.functionError = 'Unhandled';
  broker.send('a');
  await settled();
  assert.deepEqual([broker.answers, results], [[], ['PROBLEM: Function call failed']]);
  await clock.advance(1_000);
  await settled();
  assert.deepEqual(broker.answers, ['fail a0']);
  broker.send('a');
  await settled();
  await clock.advance(1_999);
  assert.equal(broker.answers.length, 1);
  await clock.advance(1);
  await settled();
  assert.equal(broker.answers.length, 2);
});

test('what no function could be had for is given back at once, and has not failed', async (context) => {
  const run = async () => {
    throw new AwsError('TooManyRequestsException', 'Rate Exceeded.');
  };
  const { broker, clock } = polled(context, { invoker: { run } });
  broker.send('a');
  await settled();
  assert.deepEqual(broker.answers, ['release a0']);
  broker.send('b');
  await settled();
  assert.equal(broker.answers.length, 1, 'it rests');
  await clock.advance(1_000);
  await settled();
  assert.deepEqual(broker.answers, ['release a0', 'release b0']);
});

test('a connection that has ended is made anew after a rest, with what the secret says then', async (context) => {
  let password = 'first';
  const call = async () => ({ SecretString: JSON.stringify({ username: 'u', password }) });
  const { broker, clock, results } = polled(context, { call: call as BrokerPollerDependencies['call'] });
  await settled();
  broker.isDown = true;
  broker.news();
  await settled();
  assert.match(results.at(-1)!, /^PROBLEM: Connection error\./);
  password = 'second';
  await clock.advance(1_000);
  await settled();
  broker.isDown = false;
  await clock.advance(60_000);
  await settled();
  broker.send('a');
  await settled();
  assert.deepEqual(broker.answers, ['close', 'acknowledge a0']);
  const [first, , last] = broker.connections;
  assert.deepEqual([first!.password, last!.password], ['first', 'second']);
  assert.notEqual(first!.handlePrefix, last!.handlePrefix);
});

test('a secret that is none of a broker, or that the role may not read, is a connection that is not made', async (context) => {
  for (const more of [
    { call: async () => ({ SecretString: '"text"' }) },
    { call: async () => ({ SecretBinary: Buffer.of(1) }) },
    {
      requireOfRole: async (_: unknown, action: string, resource: string) => {
        assert.deepEqual([action, resource], ['secretsmanager:GetSecretValue', SECRET]);
        throw new AwsError('AccessDeniedException', 'denied');
      },
    },
  ]) {
    const { broker, results } = polled(context, more as Partial<BrokerPollerDependencies>);
    await settled();
    assert.deepEqual(broker.connections, []);
    assert.match(results.at(-1) ?? '', /^PROBLEM: Connection error\./);
  }
});

test('a batch is no larger than an event may be, and a message that would be is dropped', async (context) => {
  const { broker, events, counts } = polled(context, {}, 'amqp://127.0.0.1', { batchSize: 10 });
  const megabytes = (count: number, letter: string) => letter.repeat(count * 1024 * 1024);
  // In Base64 they are a third larger.
  broker.send(megabytes(2, 'a'), megabytes(2, 'b'), megabytes(5, 'c'), 'd');
  await settled();
  const sizes = (events as { rmqMessagesByQueue: Record<string, unknown[]> }[]).map(
    ({ rmqMessagesByQueue }) => rmqMessagesByQueue['q::/']!.length,
  );
  assert.deepEqual(sizes, [2, 1]);
  assert.equal(counts.get('DroppedEventCount'), 1);
  assert.equal(broker.answers.length, 3, 'what was dropped is acknowledged too');
});

test('a broker that nobody says the address of is not polled', () => {
  const deps = { brokers: {}, clock: {} } as unknown as BrokerPollerDependencies;
  assert.equal(brokerPoller(deps, MAPPING, BROKER), undefined);
  assert.equal(brokerPoller({ ...deps, brokers: { orders: 'h:9092' } }, MAPPING, BROKER), undefined);
});

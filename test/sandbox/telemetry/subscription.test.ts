import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { TelemetryEvent } from '../../../src/ports/environment.ts';
import { Subscription } from '../../../src/sandbox/telemetry/subscription.ts';
import { PATIENCE_MS } from '../extensions/extended-environment.ts';

const MAX_BYTES = 262_144;

/** A subscriber that answers as the test says. */
class Subscriber {
  readonly server: Server;
  readonly events: { type: string; time: string; record: Record<string, unknown> }[] = [];
  private readonly requests: [IncomingMessage, ServerResponse][] = [];

  private constructor() {
    this.server = createServer((request, response) => {
      this.requests.push([request, response]);
      this.server.emit('asked');
    });
  }

  static async listen(context: TestContext): Promise<{ subscriber: Subscriber; subscription: Subscription }> {
    const subscriber = new Subscriber();
    const { server } = subscriber;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const subscription = new Subscription(
      {
        schemaVersion: '2022-12-13',
        types: ['function'],
        buffering: { maxItems: 1_000, maxBytes: MAX_BYTES, timeoutMs: 25 },
        destination: { protocol: 'HTTP', port, path: '/x', method: 'POST' },
      },
      '127.0.0.1',
      (event) => [event],
    );
    context.after(() => {
      subscription.close();
      server.close();
      server.closeAllConnections();
    });
    return { subscriber, subscription };
  }

  /** The next request, unanswered. */
  async next(): Promise<readonly [IncomingMessage, ServerResponse]> {
    while (this.requests.length === 0)
      await once(this.server, 'asked', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return this.requests.shift()!;
  }

  async answer(status: number): Promise<void> {
    const [request, response] = await this.next();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (status < 300)
      this.events.push(...(JSON.parse(Buffer.concat(chunks).toString()) as Subscriber['events']));
    response.writeHead(status).end();
  }

  get dropped(): Record<string, unknown> | undefined {
    return this.events.find(({ type }) => type === 'platform.logsDropped')?.record;
  }
}

function line(number: number, text = ''): TelemetryEvent {
  return { time: `2026-11-23T08:00:00.${String(number).padStart(3, '0')}Z`, type: 'function', record: text };
}

test('what a subscriber that does not answer has not taken is kept up to ten batches; it is told what it missed', async (context) => {
  const { subscriber, subscription } = await Subscriber.listen(context);
  const [count, text] = [40, 'x'.repeat(100_000)];
  const bytes = Buffer.byteLength(JSON.stringify(line(0, text)));
  for (let number = 0; number < count; number += 1) subscription.push(line(number, text));
  while (subscriber.dropped === undefined) await subscriber.answer(200);
  const kept = Math.floor((10 * MAX_BYTES) / bytes);
  assert.deepEqual(subscriber.dropped, {
    reason: 'Consumer seems to have fallen behind as it has not acknowledged receipt of logs.',
    droppedRecords: count - kept,
    droppedBytes: (count - kept) * bytes,
  });
  while (subscriber.events.length < kept + 1) await subscriber.answer(200);
  assert.deepEqual(
    subscriber.events.filter(({ type }) => type === 'function').map(({ time }) => time),
    Array.from({ length: kept }, (_, number) => line(number).time),
  );
});

test('a batch that a subscriber refuses three times is dropped, and counted with the next', async (context) => {
  const { subscriber, subscription } = await Subscriber.listen(context);
  subscription.push(line(1, 'lost'));
  void subscription.flush();
  for (const status of [500, 503, 404]) await subscriber.answer(status);
  subscription.push(line(2, 'taken'));
  await subscriber.answer(200);
  assert.deepEqual(
    subscriber.events.map(({ type, record }) => [type, record['droppedRecords'] ?? record]),
    [
      ['function', 'taken'],
      ['platform.logsDropped', 1],
    ],
  );
  assert.equal(subscriber.events[1]?.time, line(2).time);
});

test('the end of an environment ends what is under way to a subscriber that does not answer', async (context) => {
  const { subscriber, subscription } = await Subscriber.listen(context);
  subscription.push(line(1));
  const sent = subscription.flush();
  const [request] = await subscriber.next();
  const closed = once(request.socket, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
  subscription.close();
  await closed;
  await sent;
  subscription.push(line(2));
  await subscription.flush();
});

/** Queues, and functions behind them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { call, createNodeFunction, invocationPath, SIGNED_HEADERS } from './functions.ts';
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { awaited } from './patience.ts';
import type { Measured } from './processes.ts';
import { bareMessages, load, queueCycles, startSelfsame } from './processes.ts';
import { callQueues } from './queue-calls.ts';

const ROUNDS = 5;
const ROUND_MS = 2_000;
const CONNECTIONS = 16;
const MESSAGE_BYTES = 1_024;
const BATCH = 10;
/** Worked off in some seconds. */
const BACKLOG_MESSAGES = 20_000;
const LATENCY_MESSAGES = 50;
const IDLE_MAPPINGS = 200;
const IDLE_MS = 10_000;

const QUIET = 'exports.handler = async () => ({ batchItemFailures: [] });\n';
const CLOCK =
  'exports.handler = async ({ Records }) => { for (const { body } of Records) console.log("began " + body + " " + Date.now()); };\n';

export async function queueThroughput(): Promise<Figures> {
  return withServer(async (server, queues) => {
    const queueUrl = await queues.create('q');
    const plan = { port: server.port, queueUrl, bytes: MESSAGE_BYTES, connections: CONNECTIONS };
    await queueCycles({ ...plan, durationMs: ROUND_MS });
    const rates = { ours: [] as number[], bare: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.bare.push(await bareMessages(MESSAGE_BYTES, ROUND_MS));
      rates.ours.push(await queueCycles({ ...plan, durationMs: ROUND_MS }));
    }
    return {
      sqs_send_receive_delete_ratio: median(rates.ours.map((rate, index) => rate / rates.bare[index]!)),
      sqs_cycles_per_second: median(rates.ours),
      bare_cycles_per_second: median(rates.bare),
    };
  });
}

export async function queueToFunction(): Promise<Figures> {
  return withServer(async (server, queues) => {
    const queueUrl = await queues.create('q');
    await createNodeFunction(server.port, 'quiet', QUIET);
    const record = { messageId: 'x'.repeat(36), body: 'x'.repeat(MESSAGE_BYTES), eventSource: 'aws:sqs' };
    const warm = (durationMs: number) =>
      load({
        port: server.port,
        path: invocationPath('quiet'),
        headers: SIGNED_HEADERS,
        body: JSON.stringify({ Records: Array.from({ length: BATCH }, () => record) }),
        connections: CONNECTIONS,
        durationMs,
      });
    await warm(ROUND_MS);
    await queues.fill(queueUrl, BACKLOG_MESSAGES, MESSAGE_BYTES);
    const reference = await warm(ROUND_MS);
    const startedAt = performance.now();
    await mapQueue(server, 'q', 'quiet');
    await awaited('the emptying of the queue', async () => (await queues.isEmpty(queueUrl)) || undefined);
    const batches = ((BACKLOG_MESSAGES / BATCH) * 1_000) / (performance.now() - startedAt);
    return {
      sqs_to_lambda_per_s: batches * BATCH,
      sqs_to_lambda_ratio: batches / reference.perSecond,
      warm_batches_per_second: reference.perSecond,
    };
  });
}

export async function queueLatency(): Promise<Figures> {
  return withServer(async (server, queues) => {
    const queueUrl = await queues.create('q');
    await createNodeFunction(server.port, 'clock', CLOCK);
    await mapQueue(server, 'q', 'clock');
    const sentMs: number[] = [];
    for (let index = 0; index < LATENCY_MESSAGES; index += 1) {
      await sleep(100);
      sentMs.push(Date.now());
      await queues.call('SendMessage', { QueueUrl: queueUrl, MessageBody: `${index}` });
    }
    const begun = await begunAt(server, 'clock', LATENCY_MESSAGES);
    // The first one starts the environment.
    const latencies = sentMs.map((ms, index) => begun.get(index)! - ms).slice(1);
    return { sqs_to_lambda_latency_ms: median(latencies) };
  });
}

export async function idleMappings(): Promise<Figures> {
  return withServer(async (server, queues) => {
    await createNodeFunction(server.port, 'quiet', QUIET);
    for (let index = 0; index < IDLE_MAPPINGS; index += 1) {
      await queues.create(`q${index}`);
      await mapQueue(server, `q${index}`, 'quiet');
    }
    await sleep(IDLE_MS / 5);
    const before = await server.cpuMs();
    await sleep(IDLE_MS);
    return { mapping_idle_cpu_percent: (((await server.cpuMs()) - before) / IDLE_MS) * 100 };
  });
}

class QueueCalls {
  private readonly client: Client;

  constructor(port: number) {
    this.client = new Client(`http://127.0.0.1:${port}`);
  }

  call(operation: string, input: object): Promise<unknown> {
    return callQueues(this.client, operation, input);
  }

  async create(name: string): Promise<string> {
    const made = (await this.call('CreateQueue', { QueueName: name })) as { QueueUrl: string };
    return made.QueueUrl;
  }

  async fill(queueUrl: string, messages: number, bytes: number): Promise<void> {
    const MessageBody = 'x'.repeat(bytes);
    const Entries = Array.from({ length: BATCH }, (_, index) => ({ Id: `${index}`, MessageBody }));
    for (let sent = 0; sent < messages; sent += BATCH) {
      await this.call('SendMessageBatch', { QueueUrl: queueUrl, Entries });
    }
  }

  async isEmpty(queueUrl: string): Promise<boolean> {
    const answer = await this.call('GetQueueAttributes', { QueueUrl: queueUrl, AttributeNames: ['All'] });
    const { Attributes: attributes } = answer as { Attributes: Record<string, string> };
    return (
      attributes['ApproximateNumberOfMessages'] === '0' &&
      attributes['ApproximateNumberOfMessagesNotVisible'] === '0'
    );
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

async function withServer(
  measure: (server: Measured, queues: QueueCalls) => Promise<Figures>,
): Promise<Figures> {
  const server = await startSelfsame();
  const queues = new QueueCalls(server.port);
  try {
    return await measure(server, queues);
  } finally {
    await queues.close();
    await server.stop();
  }
}

async function mapQueue({ port }: Measured, queue: string, name: string): Promise<void> {
  const EventSourceArn = `arn:aws:sqs:us-east-1:000000000000:${queue}`;
  const body = JSON.stringify({ EventSourceArn, FunctionName: name });
  await call(port, 'POST', '/2015-03-31/event-source-mappings/', body);
}

/** When the function began with each message, by what it has logged. */
function begunAt({ port }: Measured, name: string, count: number): Promise<Map<number, number>> {
  return awaited(`the handling of ${count} messages by ${name}`, async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: {
        ...SIGNED_HEADERS,
        'Content-Type': 'application/x-amz-json-1.1',
        Authorization: SIGNED_HEADERS.Authorization.replace('/lambda/', '/logs/'),
        'X-Amz-Target': 'Logs_20140328.FilterLogEvents',
      },
      body: JSON.stringify({ logGroupName: `/aws/lambda/${name}`, filterPattern: 'began' }),
    });
    const { events = [] } = (await answer.json()) as { events?: { message: string }[] };
    const begun = new Map<number, number>();
    for (const { message } of events) {
      const match = /began (\d+) (\d+)/.exec(message);
      if (match !== null) begun.set(Number(match[1]), Number(match[2]));
    }
    return begun.size >= count ? begun : undefined;
  });
}

/** The load on a queue: `node queue-cycles.ts '<QueuePlan as JSON>'` prints whole cycles of ten messages a second. */
import { Pool } from 'undici';
import { callQueues } from './queue-calls.ts';

export interface QueuePlan {
  readonly port: number;
  readonly queueUrl: string;
  readonly bytes: number;
  readonly connections: number;
  readonly durationMs: number;
}

interface Received {
  readonly Messages?: readonly { readonly ReceiptHandle: string }[];
}

const BATCH = 10;

async function run({ port, queueUrl, bytes, connections, durationMs }: QueuePlan): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
  const MessageBody = 'x'.repeat(bytes);
  const Entries = Array.from({ length: BATCH }, (_, index) => ({ Id: `${index}`, MessageBody }));
  const endAt = performance.now() + durationMs;
  let deleted = 0;
  const drive = async (): Promise<void> => {
    while (performance.now() < endAt) {
      await callQueues(pool, 'SendMessageBatch', { QueueUrl: queueUrl, Entries });
      const { Messages = [] } = (await callQueues(pool, 'ReceiveMessage', {
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
      })) as Received;
      const handles = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
      if (handles.length > 0) {
        await callQueues(pool, 'DeleteMessageBatch', { QueueUrl: queueUrl, Entries: handles });
      }
      deleted += handles.length;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: connections }, drive));
  const elapsedMs = performance.now() - startedAt;
  await pool.close();
  return (deleted / BATCH / elapsedMs) * 1_000;
}

process.stdout.write(String(await run(JSON.parse(process.argv[2]!) as QueuePlan)));

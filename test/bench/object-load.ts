/**
 * Puts or gets objects over so many connections, a few keys in turn, and prints how many a second:
 * `node object-load.ts '<ObjectPlan as JSON>'`.
 */
import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';

export interface ObjectPlan {
  readonly port: number;
  readonly method: 'PUT' | 'GET';
  /** Before the keys: `/bucket/`. */
  readonly prefix: string;
  readonly bytes: number;
  readonly connections: number;
  readonly durationMs: number;
}

const KEYS = 64;

const { port, method, prefix, bytes, connections, durationMs } = JSON.parse(process.argv[2]!) as ObjectPlan;
const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 });
const body = randomBytes(bytes);
let count = 0;

async function exchange(verb: 'PUT' | 'GET', key: number): Promise<void> {
  const path = `${prefix}${bytes}-${key}`;
  const answer = await pool.request({ method: verb, path, ...(verb === 'PUT' ? { body } : {}) });
  let received = 0;
  for await (const piece of answer.body as AsyncIterable<Buffer>) received += piece.length;
  if (answer.statusCode !== 200 || (verb === 'GET' && received !== bytes))
    throw new Error(`${verb} ${path} answered ${answer.statusCode} with ${received} bytes`);
}

if (method === 'GET') for (let key = 0; key < KEYS; key += 1) await exchange('PUT', key);
const startedAt = performance.now();
const drive = async (): Promise<void> => {
  while (performance.now() - startedAt < durationMs) await exchange(method, count++ % KEYS);
};
await Promise.all(Array.from({ length: connections }, drive));
process.stdout.write(String((count * 1_000) / (performance.now() - startedAt)));
await pool.close();

/**
 * The load: so many keep-alive connections with one request at a time on each, by undici, the HTTP
 * client of Node.js. Run as a process of its own: `node load.ts '<LoadPlan as JSON>'` prints a LoadResult.
 */
import { Pool } from 'undici';

export interface LoadPlan {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly durationMs: number;
  /** What every answer must have. Default 200. */
  readonly status?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Median time from the request to its whole answer, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const { path, headers, body, connections } = plan;
  const pool = new Pool(`http://127.0.0.1:${plan.port}`, { connections, pipelining: 1 });
  const durations: number[] = [];
  const startedAt = performance.now();
  const endAt = startedAt + plan.durationMs;
  const drive = async (): Promise<void> => {
    for (let now = performance.now(); now < endAt; ) {
      const answer = await pool.request({ method: 'POST', path, headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== (plan.status ?? 200))
        throw new Error(`answered ${answer.statusCode}: ${text}`);
      const doneAt = performance.now();
      durations.push(doneAt - now);
      now = doneAt;
    }
  };
  await Promise.all(Array.from({ length: connections }, drive));
  const elapsedMs = performance.now() - startedAt;
  await pool.close();
  durations.sort((a, b) => a - b);
  return {
    perSecond: (durations.length * 1_000) / elapsedMs,
    p50Ms: durations[Math.floor(durations.length * 0.5)]!,
    p99Ms: durations[Math.floor(durations.length * 0.99)]!,
  };
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as LoadPlan)));

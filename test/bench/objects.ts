/** Objects of S3 beside bare files, and the memory that a large one takes. */
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import type { ObjectPlan } from './object-load.ts';
import type { Measured } from './processes.ts';
import { objectLoad, startBareFiles, startSelfsame } from './processes.ts';

const ROUNDS = 5;
const ROUND_MS = 2_000;
const CONNECTIONS = 16;
const KIB = 1024;
const SIZES = [
  ['1k', KIB],
  ['1m', KIB * KIB],
] as const;
const LARGE_BYTES = KIB ** 3;
const PIECE = Buffer.alloc(KIB * KIB, 'x');
const SETTLE_MS = 2_000;
const SAMPLE_MS = 50;

export async function objectThroughput(): Promise<Figures> {
  const [server, files] = await Promise.all([startSelfsame(), startBareFiles()]);
  try {
    await exchange(server.port, 'PUT', '/bench');
    const figures: Record<string, number> = {};
    for (const method of ['PUT', 'GET'] as const) {
      for (const [name, bytes] of SIZES) {
        const plan = { method, bytes, connections: CONNECTIONS, durationMs: ROUND_MS };
        const { ratio, perSecond } = await inTurns(server, files, plan);
        figures[`s3_${method.toLowerCase()}_${name}_ratio`] = ratio;
        figures[`s3_${method.toLowerCase()}_${name}_per_second`] = perSecond;
      }
    }
    return figures;
  } finally {
    await Promise.all([server.stop(), files.stop()]);
  }
}

async function inTurns(server: Measured, files: Measured, plan: Omit<ObjectPlan, 'port' | 'prefix'>) {
  const rates = { ours: [] as number[], bare: [] as number[] };
  for (let index = 0; index <= ROUNDS; index += 1) {
    const ours = await objectLoad({ ...plan, port: server.port, prefix: '/bench/' });
    const bare = await objectLoad({ ...plan, port: files.port, prefix: '/' });
    // The first round warms both up.
    if (index === 0) continue;
    rates.ours.push(ours);
    rates.bare.push(bare);
  }
  return {
    ratio: median(rates.ours.map((rate, index) => rate / rates.bare[index]!)),
    perSecond: median(rates.ours),
  };
}

/** The most that the server holds over idle while a large object goes up and down. */
export async function objectMemory(): Promise<Figures> {
  const server = await startSelfsame();
  try {
    await exchange(server.port, 'PUT', '/bench');
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const idleMb = await server.residentMb();
    let mostMb = idleMb;
    const sampler = setInterval(async () => {
      mostMb = Math.max(mostMb, await server.residentMb());
    }, SAMPLE_MS);
    await exchange(server.port, 'PUT', '/bench/large', LARGE_BYTES);
    const received = await exchange(server.port, 'GET', '/bench/large');
    clearInterval(sampler);
    if (received !== LARGE_BYTES) throw new Error(`the object came back with ${received} bytes`);
    return { s3_memory_mb: mostMb - idleMb };
  } finally {
    await server.stop();
  }
}

/** Resolves with the bytes of the answer. */
async function exchange(port: number, method: string, path: string, bytes = 0): Promise<number> {
  const headers = { 'content-length': bytes };
  const sent = request({ host: '127.0.0.1', port, method, path, headers });
  const answered = new Promise<number>((resolve, reject) => {
    sent.on('error', reject).on('response', (response) => {
      let received = 0;
      response.on('data', (piece: Buffer) => {
        received += piece.length;
      });
      response.on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(received);
        else reject(new Error(`${method} ${path} answered ${response.statusCode}`));
      });
    });
  });
  await pipeline(Readable.from(pieces(bytes)), sent);
  return answered;
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE.length) yield PIECE;
}

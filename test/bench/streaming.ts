/** How soon the first byte of a streamed response is there. */
import { createNodeEcho, createNodeStream, firstByteOnce, invokeOnce } from './functions.ts';
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { startSelfsame } from './processes.ts';

const INVOCATIONS = 200;
const WARM_UPS = 50;

/** Over the latency of a warm invocation whose answer comes whole, in turns; below zero where it is there sooner. */
export async function streamFirstByte(): Promise<Figures> {
  const server = await startSelfsame();
  try {
    await createNodeEcho(server.port, 'echo');
    await createNodeStream(server.port, 'stream');
    const warm: number[] = [];
    const firstByte: number[] = [];
    for (let index = 0; index < WARM_UPS + INVOCATIONS; index += 1) {
      warm.push(await invokeOnce(server.port, 'echo'));
      firstByte.push(await firstByteOnce(server.port, 'stream'));
    }
    const firstByteMs = median(firstByte.slice(WARM_UPS));
    const overWarmMs = firstByteMs - median(warm.slice(WARM_UPS));
    return { stream_first_byte_ms: overWarmMs, stream_first_byte_p50_ms: firstByteMs };
  } finally {
    await server.stop();
  }
}

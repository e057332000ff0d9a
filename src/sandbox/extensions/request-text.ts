import type { IncomingMessage } from 'node:http';

/** No body of the Extensions or Telemetry API comes near this; bytes. */
const MAX_BODY_BYTES = 256 * 1024;

/** Calls `done` with the whole body; never when the connection breaks before. What is beyond the limit is dropped. */
export function readText(request: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  request.on('end', () => done(Buffer.concat(chunks).toString()));
  request.on('error', () => {});
}

/** What the administrative endpoints have in common: who may use them, bodies in JSON, answers in JSON. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback } from '../wire/routing/host-name.ts';
import { RequestGuard } from '../wire/server/request-origin.ts';

/** A request to an administrative endpoint has a few fields; more is a mistake. */
const MAX_BODY_BYTES = 64 * 1024;

const guard = new RequestGuard('127.0.0.1');

/** Only this machine may change things, and no web page that a browser on it shows: why not this one, or undefined. */
export function localRefusal(request: IncomingMessage, what: string): string | undefined {
  return isLoopback(request.socket.remoteAddress ?? '')
    ? guard.refusal(request.headers)
    : `${what} served to this machine only, under its loopback address.`;
}

/** The value of the body, or a sentence that says what is wrong with it. */
export async function jsonBody(
  request: IncomingMessage,
): Promise<{ readonly value: unknown } | { readonly wrong: string }> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Left intact when it is too long, so that the answer can still be sent on its connection.
  const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of pieces) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return { wrong: `The body has more than ${MAX_BODY_BYTES} bytes.` };
    chunks.push(chunk);
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString()) as unknown };
  } catch (error) {
    return { wrong: `The body is not JSON: ${(error as Error).message}.` };
  }
}

export function problem(message: string): Record<string, unknown> {
  return { error: message };
}

export function answer(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

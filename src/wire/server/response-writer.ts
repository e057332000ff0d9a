/** Puts a `WireResponse` on the wire. */
import type { ServerResponse } from 'node:http';
import type { WireResponse } from '../contract.ts';

/**
 * Hands everything to the connection. A promise for a body that comes piece by piece: it resolves
 * at the end, or when the client has gone away, and rejects with what the body's iterable threw; the
 * response has then been cut off, since its status is out.
 */
export function writeResponse(response: ServerResponse, answer: WireResponse): Promise<void> | undefined {
  const { status, headers, body } = answer;
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
    if (headers['content-length'] === undefined && mayHaveLength(status)) {
      headers['content-length'] = String(lengthOf(body));
    }
    response.writeHead(status, headers);
    response.end(body);
    return undefined;
  }
  response.writeHead(status, headers);
  // The client learns that the operation has begun before the first piece is there.
  response.flushHeaders();
  return writePieces(response, body);
}

async function writePieces(response: ServerResponse, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  let left = (): void => {};
  const onClose = (): void => left();
  response.once('close', onClose);
  // A promise of its own for each wait: one that lives as long as the answer would hold on to every piece.
  const untilLeft = <T>(waiting: Promise<T>): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      // Of a client who left before the answer began, there is nothing more to hear.
      if (response.destroyed) resolve(undefined);
      left = () => resolve(undefined);
      waiting.then(resolve, reject);
    });
  try {
    for (;;) {
      const next = await untilLeft(iterator.next());
      if (next === undefined) {
        // The producer may be waiting for something that never comes; it is told, not waited for.
        void Promise.resolve(iterator.return?.()).catch(() => undefined);
        return;
      }
      if (next.done === true) break;
      if (next.value.length > 0 && !response.write(next.value)) await untilLeft(drained(response));
    }
  } catch (error) {
    cutOff(response);
    throw error;
  } finally {
    response.off('close', onClose);
  }
  response.end();
}

/** What was written still goes out, but not the end: the client sees that the answer is not whole. */
export function cutOff(response: ServerResponse): void {
  if (response.socket === null) response.destroy();
  else response.socket.destroySoon();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('drain', resolve));
}

function lengthOf(body: Buffer | string | undefined): number {
  if (body === undefined) return 0;
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}

/** 1xx, 204 and 304 say nothing of a body. */
function mayHaveLength(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}

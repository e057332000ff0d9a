/** Reads request bodies: whole, within a limit, without a needless copy. */
import type { IncomingMessage } from 'node:http';

/** The body is, or claims to be, larger than its limit. What came of it was not kept. */
export class BodyTooLarge extends Error {
  readonly sizeBytes: number;
  readonly maxBytes: number;

  constructor(sizeBytes: number, maxBytes: number) {
    super(`a body of ${sizeBytes} bytes is over the limit of ${maxBytes}`);
    this.name = 'BodyTooLarge';
    this.sizeBytes = sizeBytes;
    this.maxBytes = maxBytes;
  }
}

/** The connection ended, or fell silent, before the body was complete. */
export class BodyTruncated extends Error {
  /** True when the client is still connected but has sent nothing for too long. */
  readonly timedOut: boolean;

  constructor(message: string, timedOut: boolean) {
    super(message);
    this.name = 'BodyTruncated';
    this.timedOut = timedOut;
  }
}

const EMPTY = Buffer.alloc(0);

/** The size that the client announced; undefined for chunked transfer. 0 without a body. */
export function announcedBytes(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length'];
  if (length !== undefined) return Number(length);
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined;
}

/**
 * The whole body. Rejects with `BodyTooLarge` as soon as that is known (the rest is left unread) and
 * with `BodyTruncated` when it does not come to its end.
 */
export function readBody(request: IncomingMessage, maxBytes: number, idleTimeoutMs: number): Promise<Buffer> {
  const announced = announcedBytes(request);
  if (announced !== undefined && announced > maxBytes) {
    return Promise.reject(new BodyTooLarge(announced, maxBytes));
  }
  return new Promise((resolve, reject) => {
    const pieces = new Pieces(announced);
    let isTimed = false;
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
      if (isTimed) request.setTimeout(0);
    };
    const stop = (): void => {
      settle();
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
    };
    const onData = (chunk: Buffer): void => {
      pieces.add(chunk);
      if (pieces.sizeBytes > maxBytes) {
        request.pause();
        stop();
        reject(new BodyTooLarge(pieces.sizeBytes, maxBytes));
      } else if (pieces.count === 1 && pieces.sizeBytes !== announced) {
        isTimed = true;
        request.setTimeout(idleTimeoutMs, onIdle);
      }
    };
    const onEnd = (): void => {
      settle();
      resolve(pieces.whole());
    };
    const truncated = (timedOut: boolean, how: string): void => {
      // A request is closed after its end, too; its listeners are left on it and hear of that.
      if (isSettled) return;
      stop();
      const expected = announced === undefined ? '' : ` of ${announced}`;
      reject(new BodyTruncated(`${how} after ${pieces.sizeBytes}${expected} bytes`, timedOut));
    };
    const onBroken = (): void => truncated(false, 'the connection ended');
    const onIdle = (): void => truncated(true, `nothing came for ${idleTimeoutMs / 1_000} seconds`);
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/** Chunks of a body. With a known size, those after the first go straight to their final place. */
class Pieces {
  sizeBytes = 0;
  count = 0;
  private readonly announced: number | undefined;
  private readonly chunks: Buffer[] = [];
  private target: Buffer | undefined;

  constructor(announced: number | undefined) {
    this.announced = announced;
  }

  add(chunk: Buffer): void {
    const at = this.sizeBytes;
    this.sizeBytes += chunk.length;
    this.count += 1;
    if (this.announced === undefined || this.announced === chunk.length) {
      this.chunks.push(chunk);
      return;
    }
    this.target ??= Buffer.allocUnsafeSlow(this.announced);
    chunk.copy(this.target, at);
  }

  whole(): Buffer {
    if (this.target !== undefined) return this.target;
    if (this.chunks.length === 0) return EMPTY;
    return this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks, this.sizeBytes);
  }
}

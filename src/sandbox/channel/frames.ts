/** The frames of `runtimes/PROTOCOL.md`, the host's side. */
import type { RuntimeEvent } from '../../ports/environment.ts';

export const FRAME = {
  assign: 0x01,
  invoke: 0x02,
  keepLoop: 0x03,
  compiled: 0x04,
  ready: 0x10,
  initError: 0x11,
  response: 0x12,
  error: 0x13,
  log: 0x14,
  leaving: 0x15,
  chunk: 0x16,
  awaitsAssignment: 0x17,
  restored: 0x18,
  contentType: 0x19,
  compiledHere: 0x1a,
} as const;

/** Larger than any honest frame: a response may exceed 6 MB only to be refused. Bytes. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const PREFIX_BYTES = 4;

/** A larger payload is sent after its head without being copied; below, one write is cheaper than two. */
const COPY_UP_TO_BYTES = 32 * 1024;

/** An ASSIGN frame: the variables of the function that a runtime started ahead now belongs to. */
export function assignFrame(variables: Readonly<Record<string, string>>): Buffer {
  const body = Buffer.from(JSON.stringify(variables));
  const head = Buffer.alloc(PREFIX_BYTES + 1);
  head.writeUInt32BE(1 + body.length, 0);
  head[PREFIX_BYTES] = FRAME.assign;
  return Buffer.concat([head, body]);
}

/** The head of a COMPILED frame, which the code follows. */
export function compiledHead(codeBytes: number): Buffer {
  const head = Buffer.alloc(PREFIX_BYTES + 1);
  head.writeUInt32BE(1 + codeBytes, 0);
  head[PREFIX_BYTES] = FRAME.compiled;
  return head;
}

/** An INVOKE frame in one piece, or in two where the payload is large. */
export function invokeFrame(event: RuntimeEvent): [Buffer] | [Buffer, Uint8Array] {
  const header = JSON.stringify({
    requestId: event.requestId,
    invokedFunctionArn: event.invokedFunctionArn,
    deadlineMs: event.deadlineMs,
    traceId: event.traceId,
    clientContext: event.clientContext,
    cognitoIdentity: event.cognitoIdentity,
    tenantId: event.tenantId,
  });
  const { payload } = event;
  const headerBytes = Buffer.byteLength(header);
  const headBytes = PREFIX_BYTES + 5 + headerBytes;
  const isCopied = payload.byteLength <= COPY_UP_TO_BYTES;
  const head = Buffer.allocUnsafe(isCopied ? headBytes + payload.byteLength : headBytes);
  head.writeUInt32BE(5 + headerBytes + payload.byteLength, 0);
  head[4] = FRAME.invoke;
  head.writeUInt32BE(headerBytes, 5);
  head.write(header, 9);
  if (!isCopied) return [head, payload];
  head.set(payload, headBytes);
  return [head];
}

export interface Frame {
  readonly type: number;
  readonly body: Buffer;
}

/** Why a channel cannot be read any further; the environment behind it is given up. */
export class BrokenChannel extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BrokenChannel';
  }
}

/** Cuts a byte stream into frames. A frame that comes in one piece is not copied. */
export class FrameDecoder {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  /** Bytes the current frame needs in all, its prefix included; 0 while the prefix is incomplete. */
  private needed = 0;

  /** Throws `BrokenChannel` on a length that no honest runtime sends. */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    let rest = chunk;
    if (this.pendingBytes > 0) {
      this.pending.push(chunk);
      this.pendingBytes += chunk.length;
      if (this.needed === 0 && this.pendingBytes >= PREFIX_BYTES) {
        this.merge();
        this.needed = this.lengthOf(this.pending[0]!);
      }
      if (this.needed === 0 || this.pendingBytes < this.needed) return;
      this.merge();
      rest = this.pending[0]!;
      this.pending = [];
      this.pendingBytes = 0;
      this.needed = 0;
    }
    for (;;) {
      if (rest.length < PREFIX_BYTES) break;
      const needed = this.lengthOf(rest);
      if (rest.length < needed) {
        this.needed = needed;
        break;
      }
      onFrame({ type: rest[PREFIX_BYTES]!, body: rest.subarray(PREFIX_BYTES + 1, needed) });
      rest = rest.subarray(needed);
    }
    if (rest.length > 0) {
      this.pending = [rest];
      this.pendingBytes = rest.length;
    }
  }

  private merge(): void {
    if (this.pending.length > 1) this.pending = [Buffer.concat(this.pending, this.pendingBytes)];
  }

  private lengthOf(bytes: Buffer): number {
    const length = bytes.readUInt32BE(0);
    if (length < 1 || length > MAX_FRAME_BYTES)
      throw new BrokenChannel(`a frame of ${length} bytes was announced`);
    return PREFIX_BYTES + length;
  }
}

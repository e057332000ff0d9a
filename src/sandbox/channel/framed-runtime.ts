import type { Duplex } from 'node:stream';
import type { EnvironmentListener, RuntimeEvent } from '../../ports/environment.ts';
import { eventPieces } from '../environment/output-lines.ts';
import type { RuntimeTransport } from '../environment/runtime-transport.ts';
import type { Frame } from './frames.ts';
import { assignFrame, BrokenChannel, compiledHead, FRAME, FrameDecoder, invokeFrame } from './frames.ts';
import { answerCame, expectAnswer } from './wakefulness.ts';

const LEVELS = [undefined, 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
const KIB = 1024;

/** Talks to one of our own bootstraps over its socket. */
export class FramedRuntime implements RuntimeTransport {
  private readonly socket: Duplex;
  private readonly listener: EnvironmentListener;
  private readonly giveUp: (reason: string) => void;
  private readonly decoder = new FrameDecoder();
  private requestId = '';
  /** An event is out that has no outcome yet. */
  private isExpecting = false;
  private wasReset = false;
  private keepCompiled: ((code: Uint8Array) => void) | undefined;

  /** `giveUp` is called when what comes over the socket makes no sense. */
  constructor(socket: Duplex, listener: EnvironmentListener, giveUp: (reason: string) => void) {
    this.socket = socket;
    this.listener = listener;
    this.giveUp = giveUp;
    const onFrame = (frame: Frame): void => this.receive(frame);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.decoder.push(chunk, onFrame);
      } catch (error) {
        if (!(error instanceof BrokenChannel) && !(error instanceof RangeError)) throw error;
        socket.pause();
        this.giveUp(error.message);
      }
    });
    // The process ends with its socket; its exit tells what there is to tell. A socket that is closed
    // with something unread in it is reset (ECONNRESET), one that was closed before breaks the pipe.
    socket.on('error', () => {
      this.wasReset = true;
    });
  }

  get undelivered(): boolean {
    return this.wasReset;
  }

  assign(variables: Readonly<Record<string, string>>): void {
    this.socket.write(assignFrame(variables));
  }

  /** What an earlier environment has compiled; where that is nothing, `keep` gets what this one compiles. */
  giveCompiled(code: Uint8Array, keep: ((code: Uint8Array) => void) | undefined): void {
    this.keepCompiled = keep;
    this.socket.write(compiledHead(code.byteLength));
    if (code.byteLength > 0) this.socket.write(code);
  }

  /** A Node.js runtime keeps its event loop going between events from now on. */
  keepLoop(): void {
    this.socket.write(Buffer.from([0, 0, 0, 1, FRAME.keepLoop]));
  }

  invoke(event: RuntimeEvent): void {
    this.requestId = event.requestId;
    if (!this.socket.writable) this.wasReset = true;
    const [head, payload] = invokeFrame(event);
    this.socket.write(head);
    if (payload !== undefined) this.socket.write(payload);
    this.isExpecting = true;
    expectAnswer();
  }

  close(): void {
    this.settled();
    this.socket.destroy();
  }

  private settled(): void {
    if (!this.isExpecting) return;
    this.isExpecting = false;
    answerCame();
  }

  private pauseUntil(room: Promise<void>): void {
    this.socket.pause();
    void room.then(() => this.socket.resume());
  }

  private receive({ type, body }: Frame): void {
    switch (type) {
      case FRAME.ready:
        this.listener.ready();
        return;
      case FRAME.initError: {
        const [errorType, payload] = typed(body);
        this.listener.initError(errorType, payload);
        return;
      }
      case FRAME.response:
        this.settled();
        this.listener.response(this.requestId, body.subarray(4), body.readUInt32BE(0) * KIB);
        return;
      case FRAME.chunk: {
        this.settled();
        // A runtime whose socket is not read blocks once the socket is full.
        const room = this.listener.responseChunk(this.requestId, body);
        if (room !== undefined) this.pauseUntil(room);
        return;
      }
      case FRAME.contentType:
        this.listener.responseType?.(this.requestId, body.toString());
        return;
      case FRAME.error: {
        this.settled();
        const [errorType, payload] = typed(body.subarray(4));
        this.listener.error(this.requestId, errorType, payload, body.readUInt32BE(0) * KIB);
        return;
      }
      case FRAME.log: {
        const level = LEVELS[body[0] ?? 0];
        for (const text of eventPieces(body.toString('utf8', 1)))
          this.listener.output(level === undefined ? { text } : { text, level });
        return;
      }
      case FRAME.awaitsAssignment:
        this.listener.awaitsAssignment?.();
        return;
      case FRAME.compiledHere:
        this.keepCompiled?.(body);
        this.keepCompiled = undefined;
        return;
      case FRAME.restored:
        this.listener.restored?.();
        return;
      case FRAME.leaving:
        this.listener.leaving();
        return;
      default:
        throw new BrokenChannel(`a frame of the unknown type ${type} came`);
    }
  }
}

/** A length byte, so much text, and the rest. */
function typed(body: Buffer): [string, Buffer] {
  const length = body.readUInt8(0);
  if (1 + length > body.length) throw new BrokenChannel('a frame is shorter than it says');
  return [body.toString('utf8', 1, 1 + length), body.subarray(1 + length)];
}

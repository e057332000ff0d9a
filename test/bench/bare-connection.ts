/**
 * A keep-alive connection that knows just so much of HTTP as to tell where an answer ends. A whole HTTP client takes
 * as long for a small request as a server does; beside it two servers would look alike.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

export class BareConnection {
  private readonly socket: Socket;
  private settle: ((error?: Error) => void) | undefined;
  /** Of an answer whose head has not come whole. */
  private head: Buffer | undefined;
  private status = 0;
  /** Bytes of the answer's body that are still to come. */
  private left = 0;
  private refused: Buffer[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('close', () => this.settle?.(new Error('the server has closed the connection')));
  }

  static async open(port: number): Promise<BareConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new BareConnection(socket);
  }

  /** Sends a request, its head included, and resolves once a 200 is there whole; one at a time. */
  call(request: Buffer | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = (error) => {
        this.settle = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    let body = chunk;
    if (this.left === 0) {
      const known: Buffer = this.head === undefined ? chunk : Buffer.concat([this.head, chunk]);
      const end = known.indexOf(HEAD_END);
      if (end < 0) {
        this.head = known;
        return;
      }
      this.head = undefined;
      const head = known.toString('latin1', 0, end);
      this.status = Number(head.slice(9, 12));
      this.left = Number(/content-length: *(\d+)/i.exec(head)?.[1]);
      body = known.subarray(end + HEAD_END.length);
    }
    this.left -= body.length;
    if (this.status !== 200) this.refused.push(body);
    if (this.left > 0) return;
    const text = Buffer.concat(this.refused.splice(0)).toString();
    this.settle?.(this.status === 200 ? undefined : new Error(`answered ${this.status}: ${text}`));
  }
}

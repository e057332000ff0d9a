/** A TCP connection on which tests say exactly what they mean. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export class RawConnection {
  readonly socket: Socket;
  private received = '';
  private readonly waiting = new Set<() => void>();
  private ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.wake();
    });
    socket.on('error', () => undefined);
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    socket.on('end', end).on('close', end);
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  send(...parts: (string | Buffer)[]): void {
    for (const part of parts) this.socket.write(part);
  }

  /** All that came, once it holds `text`. Rejects when the connection ends before. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.ended) throw new Error(`the connection ended after: ${JSON.stringify(this.received)}`);
      await this.change();
    }
    return this.received;
  }

  /** All that came until the server closed the connection. */
  async untilClosed(): Promise<string> {
    while (!this.ended) await this.change();
    return this.received;
  }

  close(): void {
    this.socket.destroy();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** The text of a request to the fake service's operation. */
export function head(operation: string, headers: Record<string, string> = {}, method = 'POST'): string {
  const all = {
    host: 'localhost',
    authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/echo/aws4_request, Signature=x',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} /${operation} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

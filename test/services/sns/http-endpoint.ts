/** A server that is subscribed to topics. */
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

export interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class HttpEndpoint {
  /** What the next requests are answered; 200 beyond them. */
  readonly statuses: number[] = [];
  private readonly server: Server;
  private readonly posted: Posted[] = [];
  private readonly waiting: ((posted: Posted) => void)[] = [];

  private constructor() {
    this.server = createServer(async (request, response) => {
      const posted = { headers: request.headers, body: await text(request) };
      response.writeHead(this.statuses.shift() ?? 200).end();
      const waiter = this.waiting.shift();
      if (waiter === undefined) this.posted.push(posted);
      else waiter(posted);
    });
  }

  static async start(context: TestContext): Promise<HttpEndpoint> {
    const endpoint = new HttpEndpoint();
    await new Promise<void>((resolve) => endpoint.server.listen(0, '127.0.0.1', resolve));
    context.after(() => {
      endpoint.server.closeAllConnections();
      endpoint.server.close();
    });
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /** How many came that nobody has taken. */
  get count(): number {
    return this.posted.length;
  }

  next(): Promise<Posted> {
    const posted = this.posted.shift();
    if (posted !== undefined) return Promise.resolve(posted);
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

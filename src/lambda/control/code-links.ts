/** Links to packages of functions and layers, as GetFunction and GetLayerVersion hand them out: each for ten minutes. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Endpoint } from '../../ports/service.ts';
import { CODE_LINK_MS } from './control-limits.ts';

const PREFIX = '/_selfsame/code/';

export class CodeLinks {
  private readonly blobs: BlobStore;
  private readonly clock: Clock;
  /** Known to this process only: links end with it. */
  private readonly secret: string;

  constructor(blobs: BlobStore, clock: Clock, ids: Ids) {
    this.blobs = blobs;
    this.clock = clock;
    this.secret = ids.hex(32);
  }

  linkTo(blob: string, origin: string): string {
    const expires = this.clock.now() + CODE_LINK_MS;
    return `${origin}${PREFIX}${blob}?expires=${expires}&signature=${this.sign(blob, expires)}`;
  }

  readonly endpoint: Endpoint = {
    pathPrefix: PREFIX,
    handle: (request, response) => this.serve(request, response),
  };

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const blob = path.slice(PREFIX.length);
    const parameters = new URLSearchParams(query);
    const expires = Number(parameters.get('expires'));
    if (!this.isSigned(blob, expires, parameters.get('signature') ?? ''))
      return refuse(response, 403, 'The link is not valid.');
    if (expires < this.clock.now())
      return refuse(response, 403, 'The link has expired; call the operation it came from for a new one.');
    if (!(await this.blobs.has(blob))) return refuse(response, 404, 'The package is not stored any more.');
    const content = await this.blobs.open(blob);
    response.writeHead(200, { 'content-type': 'application/zip' });
    await pipeline(content, response).catch(() => response.destroy());
  }

  private isSigned(blob: string, expires: number, signature: string): boolean {
    const expected = Buffer.from(this.sign(blob, expires));
    const given = Buffer.from(signature);
    return (
      /^[0-9a-f]{64}$/.test(blob) && expected.length === given.length && timingSafeEqual(expected, given)
    );
  }

  private sign(blob: string, expires: number): string {
    return createHmac('sha256', this.secret).update(`${blob} ${expires}`).digest('hex');
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ message });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

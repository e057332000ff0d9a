/** Links under which a layer can be fetched for a while, without any other authorization. */
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Endpoint } from '../../ports/service.ts';

const PREFIX = '/_selfsame/ecr-layers/';
/** AWS's links are signed for an hour. */
const LINK_MS = 60 * 60_000;

export class LayerLinks {
  private readonly blobs: BlobStore;
  private readonly clock: Clock;
  private readonly ids: Ids;
  private readonly links = new Map<string, { readonly sha256: string; readonly expiresMs: number }>();

  constructor(blobs: BlobStore, clock: Clock, ids: Ids) {
    this.blobs = blobs;
    this.clock = clock;
    this.ids = ids;
  }

  linkTo(sha256: string, origin: string): string {
    const nowMs = this.clock.now();
    for (const [secret, { expiresMs }] of this.links) if (expiresMs <= nowMs) this.links.delete(secret);
    const secret = this.ids.hex(32);
    this.links.set(secret, { sha256, expiresMs: nowMs + LINK_MS });
    return `${origin}${PREFIX}${secret}`;
  }

  readonly endpoint: Endpoint = {
    pathPrefix: PREFIX,
    handle: async (request, response) => {
      const link = this.links.get((request.url ?? '').slice(PREFIX.length));
      const isValid = request.method === 'GET' && link !== undefined && link.expiresMs > this.clock.now();
      if (!isValid || !(await this.blobs.has(link.sha256))) {
        response.writeHead(403).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      await pipeline(await this.blobs.open(link.sha256), response).catch(() => response.destroy());
    },
  };
}

/** A registry for tests: serves images from memory, and asks for a token where it is told to. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { BuiltImage } from '../../kit/container-image.ts';

export interface SmallRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** By `manifests/<reference>` or `blobs/<digest>`; a test may change what is served. */
  readonly content: Map<string, { body: Buffer; mediaType: string }>;
  /** Paths of the requests that were answered with content, in order. */
  readonly served: string[];
  /** By path: where else it says that the content is. */
  readonly redirects: Map<string, string>;
  /** Of the requests that were not refused, in order. */
  readonly authorizations: (string | undefined)[];
  /** Answers the path with a head only; `asked` resolves at the first request, `proceed` sends what is missing. */
  stall(path: string): { readonly asked: Promise<void>; proceed(): void };
  add(image: BuiltImage, tag: string): void;
}

export const TOKEN = 'given-by-the-token-server';

export async function smallRegistry(
  context: TestContext,
  authorization: 'none' | 'bearer' | 'basic' = 'none',
): Promise<SmallRegistry> {
  const content: SmallRegistry['content'] = new Map();
  const served: string[] = [];
  const redirects: SmallRegistry['redirects'] = new Map();
  const authorizations: SmallRegistry['authorizations'] = [];
  const stalls = new Map<string, { readonly ask: () => void; readonly go: Promise<void> }>();
  const basic = `Basic ${Buffer.from('user:secret').toString('base64')}`;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const origin = `http://${request.headers.host}`;
    if (url.pathname === '/token') {
      const isKnown =
        request.headers.authorization === basic &&
        url.searchParams.get('scope') === 'repository:team/app:pull';
      response.writeHead(isKnown ? 200 : 401).end(JSON.stringify({ token: TOKEN }));
      return;
    }
    const wanted = { none: undefined, bearer: `Bearer ${TOKEN}`, basic }[authorization];
    if (wanted !== undefined && request.headers.authorization !== wanted) {
      const challenge =
        authorization === 'basic'
          ? 'Basic realm="registry"'
          : `Bearer realm="${origin}/token",service="small",scope="repository:team/app:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return;
    }
    authorizations.push(request.headers.authorization);
    const path = url.pathname.replace('/v2/team/app/', '');
    const location = redirects.get(path);
    if (location !== undefined) {
      response.writeHead(307, { location }).end();
      return;
    }
    const found = content.get(path);
    if (found === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      return;
    }
    served.push(path);
    response.writeHead(200, { 'content-type': found.mediaType });
    const stall = stalls.get(path);
    if (stall === undefined) {
      response.end(found.body);
      return;
    }
    response.flushHeaders();
    stall.ask();
    void stall.go.then(() => response.end(found.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    content,
    served,
    redirects,
    authorizations,
    stall(path) {
      const asked = Promise.withResolvers<void>();
      const going = Promise.withResolvers<void>();
      stalls.set(path, { ask: asked.resolve, go: going.promise });
      return { asked: asked.promise, proceed: going.resolve };
    },
    add(image, tag) {
      const manifest = { body: image.manifest, mediaType: image.mediaType };
      content.set(`manifests/${tag}`, manifest).set(`manifests/${image.digest}`, manifest);
      for (const [digest, body] of image.blobs)
        content.set(`blobs/${digest}`, { body, mediaType: 'application/octet-stream' });
    },
  };
}

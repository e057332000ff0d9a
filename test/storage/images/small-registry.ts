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
  add(image: BuiltImage, tag: string): void;
}

export const TOKEN = 'given-by-the-token-server';

export async function smallRegistry(
  context: TestContext,
  authorization: 'none' | 'bearer' | 'basic' = 'none',
): Promise<SmallRegistry> {
  const content: SmallRegistry['content'] = new Map();
  const served: string[] = [];
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
    const path = url.pathname.replace('/v2/team/app/', '');
    const found = content.get(path);
    if (found === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      return;
    }
    served.push(path);
    response.writeHead(200, { 'content-type': found.mediaType }).end(found.body);
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
    add(image, tag) {
      const manifest = { body: image.manifest, mediaType: image.mediaType };
      content.set(`manifests/${tag}`, manifest).set(`manifests/${image.digest}`, manifest);
      for (const [digest, body] of image.blobs)
        content.set(`blobs/${digest}`, { body, mediaType: 'application/octet-stream' });
    },
  };
}

/**
 * The reference of objects: a bare `node:http` server that writes what is put to a file and syncs it, and reads
 * the file for who gets it. Prints its port.
 */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const directory = await mkdtemp(join(tmpdir(), 'selfsame-bench-files-'));

async function put(path: string, request: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const file = await open(path, 'w');
  await file.writev(chunks);
  await file.sync();
  await file.close();
}

const server = createServer(async (request, response) => {
  const path = join(directory, basename(request.url!));
  if (request.method === 'PUT') {
    await put(path, request);
    response.writeHead(200, { 'content-length': 0 }).end();
  } else {
    const content = await readFile(path);
    response.writeHead(200, { 'content-length': content.length }).end(content);
  }
});
process.on('SIGTERM', async () => {
  await rm(directory, { recursive: true });
  process.exit(0);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

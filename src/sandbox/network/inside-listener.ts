/**
 * Run by Node.js in an environment's network namespace: listens at `HOST` on each `PORT`, hands the sockets over to the
 * server, in that order, and ends. `node inside-listener.ts HOST PORT…`
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

// It must not outlive a server that is killed meanwhile. `disconnect` does not come while a socket is on its way.
process.stdin.once('close', () => process.exit()).resume();

const [host, ...ports] = process.argv.slice(2);
for (const port of ports) {
  const server = createServer().listen(Number(port), host);
  await once(server, 'listening');
  await new Promise<void>((resolve, reject) => {
    process.send!({ port: Number(port) }, server, (error: Error | null) =>
      error ? reject(error) : resolve(),
    );
  });
  // The other end has the socket by now.
  server.close();
}
process.disconnect();
process.stdin.destroy();

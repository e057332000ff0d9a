/** Where functions wait for one another and for the test: an HTTP server that answers when it is opened. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gate extends AsyncDisposable {
  readonly url: string;
  /** Resolves when so many wait at once. */
  arrived(count: number): Promise<void>;
  /** Lets all who wait, and all who come later, go on. */
  open(): void;
}

export async function openGate(): Promise<Gate> {
  const waiting: ServerResponse[] = [];
  let isOpen = false;
  let onArrival = (): void => {};
  const server = createServer((_request, response) => {
    if (isOpen) {
      response.end();
      return;
    }
    waiting.push(response);
    onArrival();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const open = (): void => {
    isOpen = true;
    for (const response of waiting.splice(0)) response.end();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    arrived: (count) =>
      new Promise((resolve) => {
        onArrival = () => {
          if (waiting.length >= count) resolve();
        };
        onArrival();
      }),
    open,
    [Symbol.asyncDispose]: async () => {
      open();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

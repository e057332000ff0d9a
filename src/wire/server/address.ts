/** Binding to an address and port, in words an operator understands when it cannot be done. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PlatformError } from '../../core/errors.ts';
import { hostName, isLoopback } from '../routing/host-name.ts';

export interface BoundAddress {
  readonly host: string;
  readonly port: number;
}

/** The addresses to bind for a host: both of loopback, whichever of its names was given. */
export function addressesOf(host: string): string[] {
  const name = hostName(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);
  if (name === 'localhost' || name === '127.0.0.1' || name === '::1') return ['127.0.0.1', '::1'];
  return [name];
}

/** Refuses to serve beyond this machine without authorization: a request there runs code here. */
export function requireSafeBinding(host: string, authorization: boolean): void {
  if (authorization || addressesOf(host).every(isLoopback)) return;
  throw new PlatformError(
    `Binding to ${host} without authorization is refused: anyone who can reach it could run code on this machine.`,
    'Turn authorization on, or bind to 127.0.0.1.',
  );
}

/** Resolves with the port taken. Rejects with `PlatformError` naming the address. */
export function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(bindingError(error, host, port));
    server.once('error', onError);
    server.listen({ host, port, ipv6Only: host.includes(':') && host !== '::' }, () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** The host has no such address (IPv6 switched off), as opposed to: it is in use. */
export function isAddressMissing(error: unknown): boolean {
  const code = error instanceof PlatformError ? (error.cause as NodeJS.ErrnoException).code : undefined;
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL';
}

function bindingError(error: NodeJS.ErrnoException, host: string, port: number): PlatformError {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new PlatformError(
        `Port ${port} on ${host} is in use by another process.`,
        `Stop that process (lsof -i :${port} names it), or choose another port, for example --port ${port + 1}.`,
        { cause: error },
      );
    case 'EACCES':
      return new PlatformError(
        `This user may not bind to ${address}.`,
        'Choose a port from 1024 on, for example 4566.',
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new PlatformError(
        `${host} is not an address of this machine.`,
        'Choose one of its own addresses, or 127.0.0.1.',
        { cause: error },
      );
    default:
      return new PlatformError(
        `Binding to ${address} failed: ${error.message}.`,
        'Choose another host or port.',
        {
          cause: error,
        },
      );
  }
}

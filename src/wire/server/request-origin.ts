/**
 * Keeps web pages out of a server on loopback. A browser on this machine runs pages from anywhere,
 * and they can send requests here: under their own host name (DNS rebinding), or across origins.
 * Both carry a name, in Host or in Origin, by which they are told from the user's own clients.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { hostName, isLoopback, isTrustedHost } from '../routing/host-name.ts';

export class RequestGuard {
  /** What the server is bound to; undefined where it is not loopback, since there signatures decide. */
  private readonly boundHost: string | undefined;
  /** The Host accepted last: a client sends the same one with every request. */
  private accepted: string | undefined;
  private readonly ownNames: ReadonlySet<string>;

  /** `ownNames` are names in lower case that the operator lets in, too. */
  constructor(boundHost: string, ownNames: readonly string[] = []) {
    this.boundHost = isLoopback(boundHost) ? boundHost : undefined;
    this.ownNames = new Set(ownNames);
  }

  /** Why the request is refused, in a sentence; undefined when it is not. The Host counts in any case. */
  refusal(headers: IncomingHttpHeaders, isForAnyOrigin = false): string | undefined {
    const { boundHost } = this;
    if (boundHost === undefined) return undefined;
    const { host, origin } = headers;
    if (host !== this.accepted && host !== undefined) {
      const name = hostName(host);
      if (!isTrustedHost(name) && !this.ownNames.has(name)) return foreignHost(host, boundHost);
      this.accepted = host;
    }
    if (!isForAnyOrigin && origin !== undefined && !isLocalOrigin(origin))
      return foreignOrigin(origin, boundHost);
    return undefined;
  }
}

function isLocalOrigin(origin: string): boolean {
  const scheme = origin.indexOf('://');
  if (scheme < 0) return false;
  const name = hostName(origin.slice(scheme + 3));
  return isLoopback(name) || name.endsWith('.localhost');
}

function foreignHost(host: string, boundHost: string): string {
  return (
    `The Host header names '${host}'. A server bound to ${boundHost} answers only to localhost, loopback ` +
    'addresses, *.localhost and AWS host names, so that no web page can reach it by a name of its own ' +
    '(DNS rebinding). Address it as localhost, 127.0.0.1 or [::1].'
  );
}

function foreignOrigin(origin: string, boundHost: string): string {
  return (
    `The Origin header names '${origin}'. A server bound to ${boundHost} answers to web pages only where they ` +
    'come from localhost or a loopback address themselves.'
  );
}

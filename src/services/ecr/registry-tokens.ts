/** Passwords that GetAuthorizationToken gives out, and the ones that this server uses itself. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { AccountPrincipal } from '../../core/policy/principal.ts';
import type { Registry } from './repositories.ts';

/** The user name of every token. Source: GetAuthorizationToken. */
export const TOKEN_USER = 'AWS';
/** Source: GetAuthorizationToken, "valid for 12 hours". */
const TOKEN_MS = 12 * 60 * 60_000;

/** Whose token it is. */
export interface TokenHolder {
  /** The account, and where it asked for the token. */
  readonly registry: Registry;
  /** Where it is somebody known here. */
  readonly principal: AccountPrincipal | undefined;
}

export class RegistryTokens {
  private readonly clock: Clock;
  private readonly ids: Ids;
  private readonly issued = new Map<string, TokenHolder & { readonly expiresMs: number }>();
  /** For the server's own requests, as long as it runs. */
  readonly ownPassword: string;

  constructor(clock: Clock, ids: Ids) {
    this.clock = clock;
    this.ids = ids;
    this.ownPassword = ids.hex(32);
  }

  issue(holder: TokenHolder): { readonly password: string; readonly expiresMs: number } {
    const nowMs = this.clock.now();
    for (const [password, { expiresMs }] of this.issued) if (expiresMs <= nowMs) this.issued.delete(password);
    const password = this.ids.hex(32);
    const expiresMs = nowMs + TOKEN_MS;
    this.issued.set(password, { ...holder, expiresMs });
    return { password, expiresMs };
  }

  /** Who sent an `Authorization` field; undefined for one that was not issued here or has expired. */
  holder(authorization: string | undefined): TokenHolder | 'this server' | undefined {
    const encoded = /^basic (\S+)$/i.exec(authorization ?? '')?.[1];
    if (encoded === undefined) return undefined;
    const text = Buffer.from(encoded, 'base64').toString();
    if (!text.startsWith(`${TOKEN_USER}:`)) return undefined;
    const password = text.slice(TOKEN_USER.length + 1);
    if (password === this.ownPassword) return 'this server';
    const token = this.issued.get(password);
    return token === undefined || token.expiresMs <= this.clock.now() ? undefined : token;
  }
}

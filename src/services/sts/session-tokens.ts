/**
 * Temporary credentials. All there is to know of a session is sealed into its token, so that nothing is stored
 * and a token outlives the server's restarts, as it does on AWS.
 *
 * Sessions end by real time, not by the service clock: their clients compare Expiration with their own clock
 * and fetch new credentials by it, so both ends must go by the same one, as with signatures.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { newAccessKeyId, newSecretAccessKey } from '../../core/access-key.ts';
import type { Ids } from '../../core/ids.ts';

export interface SessionFacts {
  readonly accountId: string;
  /** Whose session it is; of a role and a federated user it is a principal of its own. */
  readonly kind: 'root' | 'user' | 'role' | 'federatedUser';
  /** As GetCallerIdentity answers it. */
  readonly arn: string;
  readonly userId: string;
  /** The user or role whose policies it has. */
  readonly baseArn: string;
  /** Documents and ARNs that limit it; absent where it has all of its base. */
  readonly policies?: readonly string[];
  readonly policyArns?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
}

export interface Session extends SessionFacts {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Real time, epoch milliseconds, as `expiresMs`. */
  readonly issuedMs: number;
  readonly expiresMs: number;
}

export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresMs: number;
}

const ALGORITHM = 'aes-256-gcm';
/** Bytes of an AES-256 key. */
export const TOKEN_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Tokens opened before: a client sends the same one for an hour. */
const MAX_OPENED = 1_000;

/** The first characters of AWS's tokens say which form they have; these are ours. */
const PREFIX = 'SELF';

export class SessionTokens {
  private readonly key: Buffer;
  private readonly ids: Ids;
  private readonly opened = new Map<string, Session | undefined>();
  readonly realNowMs: () => number;

  constructor(key: Buffer, ids: Ids, realNowMs: () => number) {
    this.key = key;
    this.ids = ids;
    this.realNowMs = realNowMs;
  }

  issue(facts: SessionFacts, seconds: number): TemporaryCredentials {
    const issuedMs = this.realNowMs();
    const session: Session = {
      ...facts,
      accessKeyId: newAccessKeyId('ASIA', facts.accountId, this.ids),
      secretAccessKey: newSecretAccessKey(this.ids),
      issuedMs,
      expiresMs: issuedMs + seconds * 1_000,
    };
    const { accessKeyId, secretAccessKey, expiresMs } = session;
    return { accessKeyId, secretAccessKey, sessionToken: this.seal(session), expiresMs };
  }

  /** The session of a token of this server, expired ones too; undefined for any other text. */
  session(sessionToken: string): Session | undefined {
    if (this.opened.has(sessionToken)) return this.opened.get(sessionToken);
    if (this.opened.size >= MAX_OPENED) this.opened.clear();
    const session = this.unseal(sessionToken);
    this.opened.set(sessionToken, session);
    return session;
  }

  private seal(session: Session): string {
    const nonce = Buffer.from(this.ids.hex(NONCE_BYTES), 'hex');
    const cipher = createCipheriv(ALGORITHM, this.key, nonce);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(session)), cipher.final()]);
    return PREFIX + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  private unseal(token: string): Session | undefined {
    if (!token.startsWith(PREFIX)) return undefined;
    const text = token.slice(PREFIX.length);
    const bytes = Buffer.from(text, 'base64');
    // Decoding skips over what is no base64; a token is exactly what was issued.
    if (bytes.length <= NONCE_BYTES + TAG_BYTES || bytes.toString('base64') !== text) return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      const text = Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
      return JSON.parse(text.toString()) as Session;
    } catch {
      // Sealed by another server, or changed on the way.
      return undefined;
    }
  }
}

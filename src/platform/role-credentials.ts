import { createHash } from 'node:crypto';
import type { Ids } from '../core/ids.ts';

/** The account of requests whose access key is not an account id. */
export const DEFAULT_ACCOUNT_ID = '000000000000';

export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A function in its execution role. */
export interface ExecutionRole {
  readonly accountId: string;
  /** The role's ARN. */
  readonly role: string;
  readonly functionName: string;
}

export interface RoleSession {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly roleId: string;
}

/** Characters of a role's id after `AROA`. */
const ROLE_ID_CHARACTERS = 17;

/**
 * Temporary credentials of execution roles, kept in memory for as long as the server runs; they
 * are looked up again when a function calls back with them. An access key of another account than
 * the default is that account's number, since that is how a request names its account; so the role
 * is known by the session token.
 */
export class RoleCredentialIssuer {
  private readonly ids: Ids;
  private readonly issued = new Map<string, TemporaryCredentials>();
  private readonly byAccessKey = new Map<string, TemporaryCredentials>();
  private readonly sessions = new Map<string, TemporaryCredentials & { readonly role: RoleSession }>();

  constructor(ids: Ids) {
    this.ids = ids;
  }

  credentialsFor({ accountId, role, functionName }: ExecutionRole): TemporaryCredentials {
    const key = `${accountId}/${role}/${functionName}`;
    const known = this.issued.get(key);
    if (known !== undefined) return known;
    const credentials = this.issue(accountId);
    this.issued.set(key, credentials);
    this.byAccessKey.set(credentials.accessKeyId, credentials);
    const digest = createHash('sha256').update(`${accountId}/${role}`).digest('hex').toUpperCase();
    const roleId = `AROA${digest.slice(0, ROLE_ID_CHARACTERS)}`;
    const session = { roleArn: role, sessionName: functionName, roleId };
    this.sessions.set(credentials.sessionToken, { ...credentials, role: session });
    return credentials;
  }

  /** Of the session that `sessionToken` names, where it is one of this access key. */
  find(accessKeyId: string, sessionToken: string | undefined): TemporaryCredentials | undefined {
    const named = sessionToken === undefined ? undefined : this.sessions.get(sessionToken);
    return named?.accessKeyId === accessKeyId ? named : this.byAccessKey.get(accessKeyId);
  }

  /** Whose session a token is; undefined for one that was not issued here. */
  session(sessionToken: string): RoleSession | undefined {
    return this.sessions.get(sessionToken)?.role;
  }

  /** Of another account than the default all share one access key, and so must share the secret. */
  private issue(accountId: string): TemporaryCredentials {
    const sessionToken = Buffer.from(this.ids.hex(96), 'hex').toString('base64');
    const shared = this.byAccessKey.get(accountId);
    if (shared !== undefined) return { ...shared, sessionToken };
    return {
      accessKeyId: accountId === DEFAULT_ACCOUNT_ID ? `ASIA${this.ids.hex(8).toUpperCase()}` : accountId,
      secretAccessKey: Buffer.from(this.ids.hex(30), 'hex').toString('base64'),
      sessionToken,
    };
  }
}

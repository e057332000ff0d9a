import type { Ids } from '../core/ids.ts';

/** The account of requests whose access key is not an account id. */
export const DEFAULT_ACCOUNT_ID = '000000000000';

export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Temporary credentials of execution roles, kept in memory for as long as the server runs; they
 * are looked up again when a function calls back with them. An access key of another account than
 * the default is that account's number, since that is how a request names its account.
 */
export class RoleCredentialIssuer {
  private readonly ids: Ids;
  private readonly issued = new Map<string, TemporaryCredentials>();
  private readonly byAccessKey = new Map<string, TemporaryCredentials>();

  constructor(ids: Ids) {
    this.ids = ids;
  }

  credentialsFor(role: { readonly accountId: string; readonly role: string }): TemporaryCredentials {
    const key = `${role.accountId}/${role.role}`;
    const known = this.issued.get(key);
    if (known !== undefined) return known;
    const credentials: TemporaryCredentials = {
      accessKeyId:
        role.accountId === DEFAULT_ACCOUNT_ID ? `ASIA${this.ids.hex(8).toUpperCase()}` : role.accountId,
      secretAccessKey: Buffer.from(this.ids.hex(30), 'hex').toString('base64'),
      sessionToken: Buffer.from(this.ids.hex(96), 'hex').toString('base64'),
    };
    this.issued.set(key, credentials);
    this.byAccessKey.set(credentials.accessKeyId, credentials);
    return credentials;
  }

  find(accessKeyId: string): TemporaryCredentials | undefined {
    return this.byAccessKey.get(accessKeyId);
  }
}

import type { Operations, RequestContext, Service } from '../../ports/service.ts';

/** A caller with temporary credentials of a role. */
export interface AssumedRole {
  /** The role's ARN, for example `arn:aws:iam::123456789012:role/service-role/name`. */
  readonly roleArn: string;
  /** Of an execution role: the function's name. */
  readonly sessionName: string;
  /** `AROA` and 17 more characters; the same for the same role. */
  readonly roleId: string;
}

export interface StsDependencies {
  /** The role whose credentials a request was signed with; undefined when it was none of this server's. */
  readonly roleOf: (caller: RequestContext) => AssumedRole | undefined;
}

/**
 * Security Token Service: who the caller is. There are no users yet, so every access key that is not
 * one of a role is one of the account's root user.
 */
export type StsOperations = Operations<typeof import('@aws-sdk/client-sts')>;

export function stsService({ roleOf }: StsDependencies): Service {
  const operations: StsOperations = {
    async GetCallerIdentity(_input, caller) {
      const { accountId } = caller;
      const role = roleOf(caller);
      if (role === undefined) {
        return { UserId: accountId, Account: accountId, Arn: `arn:aws:iam::${accountId}:root` };
      }
      // Of a role's path nothing is left in the ARN of its session.
      const roleName = role.roleArn.slice(role.roleArn.lastIndexOf('/') + 1);
      return {
        UserId: `${role.roleId}:${role.sessionName}`,
        Account: accountId,
        Arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${role.sessionName}`,
      };
    },

    async GetAccessKeyInfo(_input, { accountId }) {
      return { Account: accountId };
    },
  };
  return { name: 'sts', operations: operations as Service['operations'] };
}

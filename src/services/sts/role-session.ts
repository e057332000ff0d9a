/** Names of what is made from roles. */
import type { SessionFacts } from './session-tokens.ts';

export interface SessionRole {
  /** `arn:aws:iam::123456789012:role/path/name`. */
  readonly arn: string;
  readonly accountId: string;
  /** `AROA` and 17 more characters. */
  readonly id: string;
}

/** The session of a role under a name. Of the role's path nothing is left in the session's ARN. */
export function roleSession({ arn, accountId, id }: SessionRole, sessionName: string): SessionFacts {
  const roleName = arn.slice(arn.lastIndexOf('/') + 1);
  return {
    kind: 'role',
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
    userId: `${id}:${sessionName}`,
    baseArn: arn,
  };
}

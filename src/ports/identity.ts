/** Whose credentials a request was signed with. */
import type { ConditionFacts } from '../core/policy/condition-context.ts';
import type { AccountPrincipal } from '../core/policy/principal.ts';

export interface Identity {
  readonly principal: AccountPrincipal;
  /** Condition keys that come with the credentials: `aws:username`, `aws:PrincipalTag/…`, `aws:TokenIssueTime`. */
  readonly facts: ConditionFacts;
}

/** Finds the user, role or root that credentials belong to; undefined for those that nobody here has issued. */
export type Identify = (accessKeyId: string, sessionToken: string | undefined) => Identity | undefined;

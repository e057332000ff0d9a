/** Whether a role trusts an identity provider with what a token says. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import { conditionContext } from '../../core/policy/condition-context.ts';
import { evaluate } from '../../core/policy/evaluation.ts';
import type { Federation } from '../../services/sts/web-identity.ts';
import { notAuthorized } from '../../services/sts/web-identity.ts';

/** Throws `AccessDenied` where it does not. `known` are condition keys of the call beside those of the token. */
export function requireFederation(
  action: string,
  { providerArn, role, facts }: Federation,
  ...known: readonly (ConditionFacts | undefined)[]
): void {
  const context = conditionContext({ 'aws:FederatedProvider': providerArn }, ...known, facts);
  const principal = { kind: 'federated', provider: providerArn } as const;
  const policies = { identity: [], resource: role.trustPolicy, resourceDecides: true };
  const { outcome } = evaluate({ principal, action, resource: role.arn, context }, policies);
  if (outcome !== 'allowed') throw notAuthorized(action);
}

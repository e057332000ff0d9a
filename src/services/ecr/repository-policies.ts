/** Policies of repositories: what other accounts may do with their images. */
import { conditionContext } from '../../core/policy/condition-context.ts';
import { evaluate } from '../../core/policy/evaluation.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { POLICY_VERSION } from '../../core/policy/policy-document.ts';
import type { EcrContext, EcrOperations } from './ecr-context.ts';
import { registryOf } from './ecr-context.ts';
import { invalidParameter, policyNotFound } from './ecr-errors.ts';
import type { TokenHolder } from './registry-tokens.ts';
import type { Registry, RepositoryRecord } from './repositories.ts';

type PolicyOperations = Required<
  Pick<EcrOperations, 'SetRepositoryPolicy' | 'GetRepositoryPolicy' | 'DeleteRepositoryPolicy'>
>;

/** A statement of such a policy is about the repository that has it, and names no resource. */
const EVERYTHING = ['*'];

/** What the caller's own account allows is not known where a token is shown; that of the repository decides. */
const OWN_ACCOUNT_ALLOWS: PolicyDocument = {
  version: POLICY_VERSION,
  statements: [{ effect: 'Allow', actions: EVERYTHING, resources: EVERYTHING }],
};

export function repositoryPolicyOperations({
  repositories,
}: Pick<EcrContext, 'repositories'>): PolicyOperations {
  return {
    async SetRepositoryPolicy(input, caller) {
      const policy = input.policyText!;
      checkPolicy(policy);
      const registry = registryOf(input, caller);
      const record = await repositories.change(registry, input.repositoryName!, (before) => ({
        ...before,
        policy,
      }));
      return answer(record, policy);
    },

    async GetRepositoryPolicy(input, caller) {
      const record = repositories.get(registryOf(input, caller), input.repositoryName!);
      return answer(record, policyOf(record));
    },

    async DeleteRepositoryPolicy(input, caller) {
      let deleted = '';
      const registry = registryOf(input, caller);
      const record = await repositories.change(registry, input.repositoryName!, (before) => {
        deleted = policyOf(before);
        const { policy: _, ...rest } = before;
        return rest;
      });
      return answer(record, deleted);
    },
  };
}

/** As other services ask for it; undefined for a repository that has none. */
export function repositoryPolicy({ policy }: RepositoryRecord): PolicyDocument | undefined {
  if (policy === undefined) return undefined;
  const document = parsePolicy(policy);
  const statements = document.statements.map((statement) => ({ ...statement, resources: EVERYTHING }));
  return { ...document, statements };
}

/** Whether the policy of a repository lets in the holder of a token of another account. */
export function letsIn(
  record: RepositoryRecord,
  { registry, principal }: TokenHolder,
  action: string,
): boolean {
  const { accountId } = registry;
  const arn = `arn:aws:iam::${accountId}:root`;
  const decision = evaluate(
    {
      principal: principal ?? { kind: 'root', accountId, arn, userId: accountId, baseArn: arn },
      action,
      resource: repositoryArn(record),
      context: conditionContext({ 'aws:PrincipalAccount': accountId }),
    },
    {
      identity: [OWN_ACCOUNT_ALLOWS],
      resource: repositoryPolicy(record),
      resourceAccountId: record.accountId,
    },
  );
  return decision.outcome === 'allowed';
}

export function repositoryArn({
  region,
  accountId,
  name,
}: Registry & Pick<RepositoryRecord, 'name'>): string {
  return `arn:aws:ecr:${region}:${accountId}:repository/${name}`;
}

function policyOf(record: RepositoryRecord): string {
  if (record.policy === undefined) throw policyNotFound(record);
  return record.policy;
}

/** One error for whatever is wrong, as seen of ECR; also for a statement with `Resource`, which it refuses. */
function checkPolicy(text: string): void {
  try {
    const { statements } = parsePolicy(text);
    const isForRepository = statements.every(
      ({ resources, notResources, principal, notPrincipal }) =>
        resources === undefined &&
        notResources === undefined &&
        (principal !== undefined || notPrincipal !== undefined),
    );
    if (isForRepository) return;
  } catch {
    // Said below.
  }
  throw invalidParameter(
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
  );
}

function answer(
  { accountId, name }: RepositoryRecord,
  policyText: string,
): { registryId: string; repositoryName: string; policyText: string } {
  return { registryId: accountId, repositoryName: name, policyText };
}

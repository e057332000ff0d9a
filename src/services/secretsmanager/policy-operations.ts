import { AwsError } from '../../core/errors.ts';
import { PolicySyntaxError, parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument, Statement } from '../../core/policy/policy-document.ts';
import { named } from './secret-record.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { liveSecret, requireLive } from './secrets-context.ts';

type Names = 'PutResourcePolicy' | 'GetResourcePolicy' | 'DeleteResourcePolicy' | 'ValidateResourcePolicy';

export function policyOperations(context: SecretsContext): Required<Pick<SecretsOperations, Names>> {
  const { secrets } = context;
  return {
    async PutResourcePolicy(input, caller) {
      const policy = input.ResourcePolicy!;
      const document = policyOf(policy);
      if (input.BlockPublicPolicy === true && isPublic(document))
        throw new AwsError('PublicPolicyException', PUBLIC);
      return named(
        await secrets.change(input.SecretId!, caller, (known) => ({ ...requireLive(known), policy })),
      );
    },
    async GetResourcePolicy(input, caller) {
      const record = liveSecret(context, input.SecretId!, caller);
      return { ...named(record), ...(record.policy === undefined ? {} : { ResourcePolicy: record.policy }) };
    },
    async DeleteResourcePolicy(input, caller) {
      const record = await secrets.change(input.SecretId!, caller, (known) => {
        const { policy: _, ...rest } = requireLive(known);
        return rest;
      });
      return named(record);
    },
    async ValidateResourcePolicy(input, caller) {
      if (input.SecretId !== undefined) liveSecret(context, input.SecretId, caller);
      const errors = isPublic(policyOf(input.ResourcePolicy!))
        ? [{ CheckName: 'BLOCK_PUBLIC_POLICY', ErrorMessage: PUBLIC }]
        : [];
      return { PolicyValidationPassed: errors.length === 0, ValidationErrors: errors };
    },
  };
}

const PUBLIC = "You can't attach a resource policy that allows broad access to the secret.";

/** Throws `MalformedPolicyDocumentException`. */
function policyOf(text: string): PolicyDocument {
  try {
    const document = parsePolicy(text);
    for (const { principal, notPrincipal } of document.statements)
      if (principal === undefined && notPrincipal === undefined)
        throw new PolicySyntaxError('This resource policy contains a statement without a Principal.');
    return document;
  } catch (error) {
    if (!(error instanceof PolicySyntaxError)) throw error;
    throw new AwsError('MalformedPolicyDocumentException', error.message);
  }
}

/** Whether everybody is allowed something, on no condition. */
function isPublic({ statements }: PolicyDocument): boolean {
  return statements.some(
    (statement) => statement.effect === 'Allow' && statement.conditions === undefined && isForAll(statement),
  );
}

function isForAll({ principal, notPrincipal }: Statement): boolean {
  if (notPrincipal !== undefined) return true;
  return principal === '*' || (principal?.AWS?.includes('*') ?? false);
}

import { AwsError } from '../../core/errors.ts';
import { PolicySyntaxError, policyOf } from '../../core/policy/parse.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, requireCustomerManaged } from './kms-context.ts';
import { pendingDeletion } from './kms-errors.ts';

/** The only name a key policy has. */
const POLICY_NAME = 'default';

type PolicyOperations = 'GetKeyPolicy' | 'PutKeyPolicy' | 'ListKeyPolicies';

export function policyOperations(context: KmsContext): Required<Pick<KmsOperations, PolicyOperations>> {
  return {
    async GetKeyPolicy(input, caller) {
      checkName(input.PolicyName);
      const { policy } = await keyOf(context, input.KeyId!, caller);
      return { Policy: policy, PolicyName: POLICY_NAME };
    },
    async PutKeyPolicy(input, caller) {
      checkName(input.PolicyName);
      const policy = input.Policy!;
      checkPolicy(policy);
      const { keyId } = await keyOf(context, input.KeyId!, caller);
      await context.keys.change(keyId, (record) => {
        requireCustomerManaged(record);
        if (record.state === 'PendingDeletion') throw pendingDeletion(record);
        return { ...record, policy };
      });
      return {};
    },
    async ListKeyPolicies(input, caller) {
      await keyOf(context, input.KeyId!, caller);
      return { PolicyNames: [POLICY_NAME], Truncated: false };
    },
  };
}

function checkName(name: string | undefined): void {
  if (name !== undefined && name !== POLICY_NAME)
    throw new AwsError('NotFoundException', `No such policy exists: ${name}`);
}

/** Throws `MalformedPolicyDocumentException` for what is no policy. */
export function checkPolicy(policy: string): void {
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    throw malformed('Syntax errors in policy.');
  }
  const { Statement } = (document ?? {}) as { Statement?: unknown };
  if (typeof Statement !== 'object' || Statement === null)
    throw malformed('Missing required field Statement');
  try {
    policyOf(document);
  } catch (error) {
    throw error instanceof PolicySyntaxError ? malformed(error.message) : error;
  }
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicyDocumentException', message);
}

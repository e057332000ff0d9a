/** The resource policies of functions, versions and aliases as whole documents. */
import { PolicySyntaxError, policyOf } from '../../core/policy/parse.ts';
import type { Statement } from '../../core/policy/policy-document.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { StoredDocument } from '../records/function-policy-table.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { MAX_POLICY_BYTES } from './control-limits.ts';
import { constraintError, invalidParameter, noSuchResource, revisionMismatch } from './lambda-errors.ts';
import { checkPolicyLength } from './policy-errors.ts';
import { changePolicy } from './policy-subject.ts';

type ResourcePolicyOperations = Required<
  Pick<LambdaOperations, 'PutResourcePolicy' | 'GetResourcePolicy' | 'DeleteResourcePolicy'>
>;

export function resourcePolicyOperations(context: ControlContext): ResourcePolicyOperations {
  const { policies } = context;
  return {
    async PutResourcePolicy(input, caller) {
      const identifier = resourceOf(input, caller);
      const document = documentOf(input.Policy ?? '');
      const stored = await changePolicy(context, identifier, (_subject, known) => {
        checkRevision(known?.revisionId, input.RevisionId);
        return document;
      });
      return { Policy: JSON.stringify(document), RevisionId: stored!.revisionId };
    },

    async GetResourcePolicy(input, caller) {
      const identifier = resourceOf(input, caller);
      const policy = policies.get(identifier, identifier.qualifier ?? LATEST);
      if (policy === undefined) throw noSuchResource();
      return { Policy: JSON.stringify(policy.document), RevisionId: policy.revisionId };
    },

    async DeleteResourcePolicy(input, caller) {
      await changePolicy(context, resourceOf(input, caller), (_subject, known) => {
        if (known === undefined) throw noSuchResource();
        checkRevision(known.revisionId, input.RevisionId);
        return undefined;
      });
      return {};
    },
  };
}

/** Source: API reference, PutResourcePolicy. The SDK's model, which these operations come from, has no constraints. */
const RESOURCE_ARN =
  'arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:function:[a-zA-Z0-9-_]+(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_])+)?';
const RESOURCE_ARN_PATTERN = new RegExp(`^(?:${RESOURCE_ARN})$`);

function resourceOf(
  { ResourceArn = '' }: { readonly ResourceArn?: string | undefined },
  caller: RequestContext,
): FunctionIdentifier {
  if (!RESOURCE_ARN_PATTERN.test(ResourceArn)) {
    const rule = `Member must satisfy regular expression pattern: ${RESOURCE_ARN}`;
    throw constraintError(ResourceArn, 'resourceArn', rule);
  }
  return parseFunctionIdentifier(ResourceArn, undefined, caller);
}

/** Throws for what is no policy, with IAM's words for it: those of Lambda have not been seen. */
function documentOf(text: string): StoredDocument {
  if (text.length === 0)
    throw constraintError(text, 'policy', 'Member must have length greater than or equal to 1');
  if (text.length > MAX_POLICY_BYTES)
    throw constraintError(
      text,
      'policy',
      `Member must have length less than or equal to ${MAX_POLICY_BYTES}`,
    );
  try {
    const document = parsed(text);
    for (const statement of policyOf(document).statements) checkStatement(statement);
    const statements = (document as { readonly Statement: unknown }).Statement;
    const list = Array.isArray(statements) ? statements : [statements];
    const stored = { ...(document as object), Statement: list as StoredDocument['Statement'] };
    checkPolicyLength(JSON.stringify(stored));
    return stored;
  } catch (error) {
    throw error instanceof PolicySyntaxError ? invalidParameter(error.message) : error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PolicySyntaxError('This policy contains invalid Json');
  }
}

/** A policy of a resource says whom it is about, what they may do, and with which resource. */
function checkStatement(statement: Statement): void {
  const { principal, notPrincipal, actions, notActions, resources, notResources } = statement;
  const isWhole =
    (principal ?? notPrincipal) !== undefined &&
    (actions ?? notActions) !== undefined &&
    (resources ?? notResources) !== undefined;
  if (!isWhole) throw new PolicySyntaxError('Syntax errors in policy.');
}

/** The revision is that of the policy; who names one expects that there is a policy. */
function checkRevision(known: string | undefined, requested: string | undefined): void {
  if (requested !== undefined && requested !== known) throw revisionMismatch('GetResourcePolicy');
}

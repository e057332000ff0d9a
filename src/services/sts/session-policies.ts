/** Policies and tags that a session is made with. */
import { AwsError } from '../../core/errors.ts';
import { PolicySyntaxError, parsePolicy } from '../../core/policy/parse.ts';
import type { Session, SessionFacts } from './session-tokens.ts';

export interface SessionInput {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly { readonly arn?: string | undefined }[] | undefined;
  readonly Tags?:
    | readonly { readonly Key: string | undefined; readonly Value: string | undefined }[]
    | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
}

/** Managed policies that one session may name. */
const MAX_POLICY_ARNS = 10;

/** The document and the ARNs that limit a session. Throws `MalformedPolicyDocument`. */
export function sessionPolicies({ Policy, PolicyArns = [] }: SessionInput): Partial<SessionFacts> {
  if (Policy !== undefined) checkDocument(Policy);
  if (PolicyArns.length > MAX_POLICY_ARNS)
    throw new AwsError('ValidationError', `Cannot exceed quota for PolicyArns: ${MAX_POLICY_ARNS}`, {}, 400);
  const policyArns = PolicyArns.map(({ arn }) => arn!);
  return {
    ...(Policy === undefined ? {} : { policies: [Policy] }),
    ...(policyArns.length === 0 ? {} : { policyArns }),
  };
}

function checkDocument(text: string): void {
  try {
    const { statements } = parsePolicy(text);
    for (const { principal, notPrincipal, actions, notActions, resources, notResources } of statements) {
      if (principal ?? notPrincipal)
        throw new PolicySyntaxError('Policy document should not specify a principal.');
      if (!(actions ?? notActions)?.length)
        throw new PolicySyntaxError('Policy statement must contain actions.');
      if (!(resources ?? notResources)?.length)
        throw new PolicySyntaxError('Policy statement must contain resources.');
    }
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw new AwsError('MalformedPolicyDocument', error.message);
    throw error;
  }
}

/** The tags of a session; those that the calling session hands on come first and cannot be set again. */
export function sessionTags(
  { Tags = [], TransitiveTagKeys = [] }: SessionInput,
  calling: Session | undefined,
): Partial<SessionFacts> {
  const handedOn = calling?.transitiveTagKeys ?? [];
  const inherited = Object.fromEntries(handedOn.map((key) => [key, calling?.tags?.[key] ?? '']));
  const taken = new Set(handedOn.map((key) => key.toLowerCase()));
  const seen = new Set<string>();
  for (const { Key: key } of Tags) {
    const lower = key!.toLowerCase();
    if (taken.has(lower)) {
      // Recorded from AWS.
      throw invalid(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
      );
    }
    if (seen.has(lower))
      throw invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    seen.add(lower);
  }
  for (const key of TransitiveTagKeys)
    if (!seen.has(key.toLowerCase()))
      throw invalid('The specified transitive tag key must be included in the requested tags.');
  const tags = { ...inherited, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key!, Value!])) };
  const transitiveTagKeys = [...handedOn, ...TransitiveTagKeys];
  return {
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(transitiveTagKeys.length === 0 ? {} : { transitiveTagKeys }),
  };
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message, {}, 400);
}

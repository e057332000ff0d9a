/** The policy simulator: the evaluator of the server asked about policies and requests that need not exist. */
import { parseArn } from '../../core/arn.ts';
import type { ConditionContext } from '../../core/policy/condition-context.ts';
import { conditionContext } from '../../core/policy/condition-context.ts';
import { contextKeysOf } from '../../core/policy/context-keys.ts';
import type { ApplicablePolicies, Decision } from '../../core/policy/evaluation.ts';
import { evaluate } from '../../core/policy/evaluation.ts';
import { PolicySyntaxError, parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { AccountPrincipal } from '../../core/policy/principal.ts';
import type { IamOperations } from './iam-context.ts';
import { invalidInput, noSuchEntity, notImplemented } from './iam-errors.ts';
import type { BoundedRecord, PolicyHolder } from './iam-records.ts';
import { iamArn } from './iam-records.ts';
import type { IamStore } from './iam-store.ts';
import { pageOf } from './pages.ts';
import type { Principals } from './principals.ts';

interface SimulationInput {
  readonly ActionNames?: readonly string[] | undefined;
  readonly ResourceArns?: readonly string[] | undefined;
  readonly ResourcePolicy?: string | undefined;
  readonly ResourceOwner?: string | undefined;
  readonly CallerArn?: string | undefined;
  readonly ContextEntries?:
    | readonly {
        readonly ContextKeyName?: string | undefined;
        readonly ContextKeyValues?: readonly string[] | undefined;
      }[]
    | undefined;
  readonly PermissionsBoundaryPolicyInputList?: readonly string[] | undefined;
  readonly OrderedOrganizationPolicyInputList?: readonly unknown[] | undefined;
  readonly ResourceHandlingOption?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

interface NamedDocument {
  readonly name: string;
  readonly document: PolicyDocument;
}

export function simulationOperations(store: IamStore, principals: Principals): IamOperations {
  return {
    async SimulateCustomPolicy(input, { accountId }) {
      refuseUnimplemented('SimulateCustomPolicy', input);
      const documents = inputDocuments(input.PolicyInputList);
      return simulate(input, documents, callerOf(input, input.CallerArn, accountId));
    },

    async SimulatePrincipalPolicy(input, { accountId }) {
      refuseUnimplemented('SimulatePrincipalPolicy', input);
      const arn = input.PolicySourceArn!;
      const source = policySource(store, accountId, arn);
      const held = principals
        .heldBy(source)
        .map(({ name, text }) => ({ name, document: principals.parse(text) }));
      const documents = [...held, ...inputDocuments(input.PolicyInputList)];
      // Of the sources, users alone are callers of themselves.
      const ownArn = 'accessKeys' in source ? arn : undefined;
      const caller = callerOf(input, input.CallerArn ?? ownArn, accountId);
      const boundaryArn = 'boundary' in source ? source.boundary : undefined;
      const boundary = boundaryArn === undefined ? undefined : principals.managed(boundaryArn);
      return simulate(input, documents, caller, boundary);
    },

    async GetContextKeysForCustomPolicy(input) {
      const documents = inputDocuments(input.PolicyInputList);
      return { ContextKeyNames: keysOf(documents.map(({ document }) => document)) };
    },

    async GetContextKeysForPrincipalPolicy(input, { accountId }) {
      const held = principals.heldBy(policySource(store, accountId, input.PolicySourceArn!));
      const documents = [
        ...held.map(({ text }) => principals.parse(text)),
        ...inputDocuments(input.PolicyInputList).map(({ document }) => document),
      ];
      return { ContextKeyNames: keysOf(documents) };
    },
  };
}

function simulate(
  input: SimulationInput,
  documents: readonly NamedDocument[],
  caller: AccountPrincipal,
  boundary?: PolicyDocument,
) {
  const [ownBoundary] = inputDocuments(input.PermissionsBoundaryPolicyInputList);
  const policies: ApplicablePolicies = {
    identity: documents.map(({ document }) => document),
    boundary: ownBoundary?.document ?? boundary,
    resource: input.ResourcePolicy === undefined ? undefined : parsed(input.ResourcePolicy),
    resourceAccountId: ownerOf(input.ResourceOwner),
  };
  const context = conditionContext(
    Object.fromEntries(
      (input.ContextEntries ?? []).map(({ ContextKeyName: key, ContextKeyValues: values }) => [key!, values]),
    ),
  );
  const missing = missingKeys(policies, context);
  const results = (input.ActionNames ?? []).flatMap((action) =>
    (input.ResourceArns ?? ['*']).map((resource) => {
      const decision = evaluate({ principal: caller, action, resource, context }, policies);
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: decision.outcome,
        MatchedStatements: decision.matched.map(({ policy }) => matchedStatement(policy, documents)),
        MissingContextValues: missing,
        EvalDecisionDetails: {},
        ...boundaryDetail(policies, decision),
      };
    }),
  );
  const order = new Map(results.map((result, index) => [result, String(index).padStart(INDEX_DIGITS, '0')]));
  const { items, rest } = pageOf(results, (result) => order.get(result)!, input);
  return { EvaluationResults: items, ...rest };
}

/** Enough for as many results as a request can ask for. */
const INDEX_DIGITS = 9;

function matchedStatement(policy: PolicyDocument, documents: readonly NamedDocument[]) {
  return {
    SourcePolicyId: documents.find(({ document }) => document === policy)?.name ?? 'ResourcePolicy',
    // Recorded from AWS, though its model names other values.
    SourcePolicyType: 'IAM Policy' as 'none',
  };
}

function boundaryDetail({ boundary }: ApplicablePolicies, decision: Decision) {
  if (boundary === undefined) return {};
  const AllowedByPermissionsBoundary = !deniedBy('boundary', decision);
  return { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary } };
}

function deniedBy(kind: string, decision: Decision): boolean {
  return decision.outcome !== 'allowed' && decision.kind === kind;
}

function missingKeys(policies: ApplicablePolicies, context: ConditionContext): string[] {
  const { identity, boundary, resource } = policies;
  const documents = [...identity, ...(boundary ? [boundary] : []), ...(resource ? [resource] : [])];
  return keysOf(documents).filter((key) => !context.has(key.toLowerCase()));
}

function keysOf(documents: readonly PolicyDocument[]): string[] {
  return [...new Set(documents.flatMap(contextKeysOf))];
}

function inputDocuments(texts: readonly string[] | undefined): NamedDocument[] {
  return (texts ?? []).map((text, index) => ({
    name: `PolicyInputList.${index + 1}`,
    document: parsed(text),
  }));
}

function parsed(text: string): PolicyDocument {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw invalidInput(error.message);
    throw error;
  }
}

function policySource(store: IamStore, accountId: string, arn: string): PolicyHolder | BoundedRecord {
  const [, , , , , resource = ''] = arn.split(':');
  const type = resource.slice(0, resource.indexOf('/'));
  const name = resource.slice(resource.lastIndexOf('/') + 1);
  const tables = { user: store.users, group: store.groups, role: store.roles };
  if (type === 'user' || type === 'group' || type === 'role') {
    const record = tables[type].find(accountId, name);
    if (record !== undefined && iamArn(type, record) === arn) return record;
  }
  throw noSuchEntity(`The entity ${arn} cannot be found.`);
}

/** Whom AWS takes for a caller: neither sessions nor services. Source: API reference of SimulateCustomPolicy. */
const CALLER = /^arn:aws[a-z-]*:iam::\d{12}:(user|group|role)\/.+$/;

/**
 * A caller as resource policies would name it. Where there is no such policy nobody is asked for, and the caller
 * has no name; AWS demands one only beside `ResourcePolicy`, in words that are not known.
 */
function callerOf(
  { ResourcePolicy }: SimulationInput,
  callerArn: string | undefined,
  accountId: string,
): AccountPrincipal {
  if (callerArn === undefined) {
    if (ResourcePolicy === undefined) return { kind: 'user', accountId, arn: '', userId: '', baseArn: '' };
    throw invalidInput(
      'CallerArn is required with ResourcePolicy: give the ARN of the user, group or role that calls.',
    );
  }
  const type = CALLER.exec(callerArn)?.[1];
  if (type === undefined)
    throw invalidInput(`CallerArn is '${callerArn}': expected the ARN of a user, group or role.`);
  const kind = type === 'role' ? 'role' : 'user';
  const named = { arn: callerArn, userId: callerArn, baseArn: callerArn };
  return { kind, accountId: parseArn(callerArn)!.accountId, ...named };
}

function ownerOf(resourceOwner: string | undefined): string | undefined {
  if (resourceOwner === undefined) return undefined;
  const accountId = /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(resourceOwner)?.[1];
  // Quoted from AWS's refusals.
  if (accountId === undefined) throw invalidInput(`'${resourceOwner}' is not a valid as a Resource Owner.`);
  return accountId;
}

/** Policies of organizations, and the sets of resources that EC2's scenarios demand. */
function refuseUnimplemented(operation: string, input: SimulationInput): void {
  for (const member of ['OrderedOrganizationPolicyInputList', 'ResourceHandlingOption'] as const)
    if (input[member] !== undefined) throw notImplemented(operation, member);
}

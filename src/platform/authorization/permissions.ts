/** Holds every call against the policies of IAM and of the resources. */
import { parseArn } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import { conditionContext } from '../../core/policy/condition-context.ts';
import type { Decision } from '../../core/policy/evaluation.ts';
import { evaluate } from '../../core/policy/evaluation.ts';
import { policyOf } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { AccountPrincipal } from '../../core/policy/principal.ts';
import { policyAllowsService } from '../../core/policy/service-access.ts';
import type { Authorize } from '../../ports/authorize.ts';
import type { Call, RoleCaller } from '../../ports/call.ts';
import type { Identity } from '../../ports/identity.ts';
import type { RequestContext, Service } from '../../ports/service.ts';
import type { PrincipalPolicies } from '../../services/iam/principals.ts';
import type { AssumableRole } from '../../services/sts/assume-role.ts';
import { roleSession } from '../../services/sts/role-session.ts';
import type { Federation } from '../../services/sts/web-identity.ts';
import type { UnsignedCall, VerifiedCall } from '../../wire/server/authorizer.ts';
import type { Dialect } from '../../wire/signature/refusal.ts';
import { rootIdentity } from '../signers.ts';
import { accessDenied, mayNotAssume, queueDenied, trustDenied } from './denial.ts';
import { requireFederation } from './federation.ts';
import { passedRoles, requireAssumable } from './passed-roles.ts';
import { callFacts, principalFacts, roleFacts } from './request-facts.ts';
import { requiredPermissions } from './required-permissions.ts';
import type { ResourceLookup, ResourceQuestion } from './resource-question.ts';
import type { RoleDuty } from './role-duties.ts';
import { roleDuty } from './role-duties.ts';

export interface PermissionsDependencies {
  /** Whose the credentials are that a call is signed with. */
  readonly signer: (signer: VerifiedCall['signer']) => Identity;
  readonly policiesOf: (principal: AccountPrincipal) => PrincipalPolicies;
  /** Undefined for a role that is a mere name. */
  readonly role: (arn: string) => AssumableRole | undefined;
  readonly call: Call;
  readonly lookup: ResourceLookup;
  /** Those that have resources with policies. */
  readonly services: () => readonly Service[];
  /** Service time: what policies say of dates can be tried out. */
  readonly clock: Clock;
}

/** Services whose ARNs do not have their model's name. */
const MODELS: Readonly<Record<string, string>> = { states: 'stepfunctions' };

/** Of the root user, and of what it vouches for. */
const EVERYTHING = policyOf({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
});

export class Permissions {
  private readonly deps: PermissionsDependencies;
  /** Of calls that decide for themselves, see `requireTrust`. */
  private readonly factsOf = new WeakMap<RequestContext, ConditionFacts>();

  constructor(deps: PermissionsDependencies) {
    this.deps = deps;
  }

  /** Rejects with AWS's error where the signer of a call may not make it. */
  async permit(call: VerifiedCall): Promise<void> {
    const { context, service, operation, method, path } = call;
    const { accountId, region } = context;
    const input = (call.input ?? {}) as Readonly<Record<string, unknown>>;
    const identity = this.deps.signer(call.signer);
    requireSame(identity, context);
    const callerArn = identity.principal.arn;
    const question = { service, operation, method, path, input, accountId, region, callerArn };
    const requestFacts = callFacts(call);
    if (service === 'sts') this.factsOf.set(context, requestFacts);
    await this.requirePermissions(identity, question, requestFacts, call.dialect);
    for (const role of passedRoles(`${service}:${operation}`, input))
      requireAssumable(`${service}:${operation}`, role, this.deps.role(role.arn)?.trustPolicy);
    const duty = await roleDuty(question, this.deps.call);
    if (duty !== undefined) await this.requireDuty(duty);
  }

  /**
   * Rejects where a service may not make a call in a role that was passed to it: the role has to be there and to trust
   * the service, and to be allowed the call.
   */
  async permitAs(caller: RoleCaller, question: Omit<ResourceQuestion, 'callerArn' | 'path'>): Promise<void> {
    const identity = this.takenRole(caller);
    const asked = { ...question, callerArn: identity.principal.arn, path: '/', method: 'POST' };
    await this.requirePermissions(identity, asked, roleFacts(caller), 'jsonRpc');
  }

  /** As `permitAs`, for what is done without a call. */
  async permitAction(caller: RoleCaller, action: string, resource: string): Promise<void> {
    const identity = this.takenRole(caller);
    const resourcePolicy = await this.resourcePolicy(resource);
    const facts = roleFacts(caller);
    const decision = this.authorize({ identity, action, resource, facts, resourcePolicy });
    if (decision.outcome === 'allowed') return;
    throw accessDenied({ callerArn: identity.principal.arn, action, resource }, decision, 'jsonRpc');
  }

  private takenRole(caller: RoleCaller): Identity {
    const { roleArn, principal, sessionName } = caller;
    const role = this.deps.role(roleArn);
    const trust = { service: principal, action: 'sts:AssumeRole', resource: roleArn };
    if (role === undefined || !policyAllowsService(role.trustPolicy, trust)) throw mayNotAssume(caller);
    return { principal: roleSession(role, sessionName), facts: {} };
  }

  private async requirePermissions(
    identity: Identity,
    question: ResourceQuestion & { readonly method: string },
    requestFacts: ConditionFacts,
    dialect: Dialect,
  ): Promise<void> {
    const { service, callerArn } = question;
    for (const { action, resource, facts } of await requiredPermissions(question, this.deps.lookup)) {
      const resourcePolicy = await this.resourcePolicy(resource);
      const decision = this.authorize({
        identity,
        action,
        resource,
        facts: { ...requestFacts, ...facts },
        resourcePolicy,
        // A key without a policy of its own has AWS's default one, which leaves it to the account.
        resourceDecides: service === 'kms' && resourcePolicy !== undefined,
      });
      if (decision.outcome === 'allowed') continue;
      const refused = { callerArn, action, resource };
      throw service === 'sqs' ? queueDenied(refused, decision) : accessDenied(refused, decision, dialect);
    }
  }

  private async requireDuty({ arn, functionName, role: roleArn, actions, refusal }: RoleDuty): Promise<void> {
    const role = this.deps.role(roleArn);
    const resourcePolicy = await this.resourcePolicy(arn);
    const identity = role && { principal: roleSession(role, functionName), facts: {} };
    const isAllowed = (action: string): boolean =>
      identity !== undefined &&
      this.authorize({ identity, action, resource: arn, facts: {}, resourcePolicy }).outcome === 'allowed';
    const refused = actions.find((action) => !isAllowed(action));
    if (refused !== undefined) throw refusal(refused);
  }

  /** Rejects with `AccessDenied` where trust policy and policies of the caller do not let it take the role. */
  async requireTrust(
    caller: RequestContext,
    action: string,
    role: AssumableRole,
    facts: ConditionFacts,
  ): Promise<void> {
    const identity = identityOf(caller);
    const decision = this.authorize({
      identity,
      action,
      resource: role.arn,
      facts: { ...this.factsOf.get(caller), ...facts },
      resourcePolicy: role.trustPolicy,
      resourceDecides: true,
    });
    if (decision.outcome === 'allowed') return;
    throw trustDenied({ callerArn: identity.principal.arn, action, resource: role.arn }, decision);
  }

  /** What a call without a signature tells to `requireFederation`; see `Authorization.unsigned`. */
  admitUnsigned(call: UnsignedCall): void {
    this.factsOf.set(call.context, callFacts(call));
  }

  /** Throws `AccessDenied` where the role does not trust the provider with what its token says. */
  requireFederation(caller: RequestContext, action: string, federation: Federation): void {
    requireFederation(action, federation, this.timeFacts(), this.factsOf.get(caller));
  }

  readonly authorize: Authorize = (claim): Decision => {
    const { identity, action, resource, facts, resourcePolicy, resourceDecides = false } = claim;
    const principal = identity?.principal ?? ({ kind: 'anonymous' } as const);
    const resourceAccountId = this.ownerOf(resource, action);
    const context = conditionContext(
      this.timeFacts(),
      identity?.facts,
      principalFacts(identity),
      { 'aws:ResourceAccount': resourceAccountId ?? identity?.principal.accountId },
      facts,
    );
    const request = { principal, action, resource, context };
    const held = identity === undefined ? NO_POLICIES : this.policiesOf(identity.principal);
    return evaluate(request, {
      identity: held.identity,
      boundary: held.boundary,
      resource: resourcePolicy,
      resourceAccountId,
      resourceDecides,
    });
  };

  private policiesOf(principal: AccountPrincipal): PrincipalPolicies {
    if (principal.baseArn.endsWith(':root')) return { identity: [EVERYTHING], boundary: undefined };
    return this.deps.policiesOf(principal);
  }

  private async resourcePolicy(resource: string): Promise<PolicyDocument | undefined> {
    return this.serviceOf(resource)?.resourcePolicy?.(resource);
  }

  /** The account that a resource is of; undefined for those of the caller's own, or of nobody's. */
  private ownerOf(resource: string, action: string): string | undefined {
    const owner = parseArn(resource)?.accountId;
    if (owner === undefined || owner === 'aws') return undefined;
    return owner === '' ? this.serviceOf(resource)?.resourceOwner?.(resource, action) : owner;
  }

  private serviceOf(resource: string): Service | undefined {
    const arn = parseArn(resource);
    if (arn === undefined) return undefined;
    const model = MODELS[arn.service] ?? arn.service;
    return this.deps.services().find(({ name }) => name === model);
  }

  private timeFacts(): ConditionFacts {
    const nowMs = this.deps.clock.now();
    return {
      'aws:CurrentTime': new Date(nowMs).toISOString(),
      'aws:EpochTime': String(Math.floor(nowMs / 1_000)),
    };
  }
}

const NO_POLICIES: PrincipalPolicies = { identity: [], boundary: undefined };

function identityOf({ identity, accountId }: RequestContext): Identity {
  return identity ?? rootIdentity(accountId);
}

/** The caller that handlers see was read from a request before its signature: it must be who has signed. */
function requireSame({ principal }: Identity, context: RequestContext): void {
  const seen = identityOf(context).principal;
  if (principal.arn === seen.arn && principal.accountId === context.accountId) return;
  throw new AwsError(
    'AccessDenied',
    'The request names credentials beside those that it is signed with.',
    {},
    403,
  );
}

/** Security Token Service: who the caller is, and temporary credentials of users and roles. */
import { accountOfAccessKey } from '../../core/access-key.ts';
import { AwsError } from '../../core/errors.ts';
import type { AccountPrincipal } from '../../core/policy/principal.ts';
import { rootPrincipal } from '../../core/policy/principal.ts';
import type { RequestContext, Service } from '../../ports/service.ts';
import type { AssumeRoleDependencies } from './assume-role.ts';
import { assumeRoleOperation, credentialsOutput, refuseUnimplemented, sessionOf } from './assume-role.ts';
import { sessionPolicies, sessionTags } from './session-policies.ts';
import type { StsOperations } from './sts-operations.ts';
import type { WebIdentityDependencies } from './web-identity.ts';
import { webIdentityOperation } from './web-identity.ts';

/** Seconds: of GetSessionToken and GetFederationToken; the root user gets no longer ones than an hour. */
const DEFAULT_SECONDS = 43_200;
const MAX_ROOT_SECONDS = 3_600;

export function stsService(dependencies: AssumeRoleDependencies & WebIdentityDependencies): Service {
  const { tokens } = dependencies;
  const secondsFor = ({ kind }: AccountPrincipal, asked = DEFAULT_SECONDS): number =>
    kind === 'root' ? Math.min(asked, MAX_ROOT_SECONDS) : asked;
  const operations: StsOperations = {
    ...assumeRoleOperation(dependencies),
    ...webIdentityOperation(dependencies),

    async GetCallerIdentity(_input, caller) {
      const { userId, accountId, arn } = principalOf(caller);
      return { UserId: userId, Account: accountId, Arn: arn };
    },

    async GetAccessKeyInfo({ AccessKeyId: id }, { accountId }) {
      // The key of a root user is none of AWS's form and tells nothing.
      return { Account: accountOfAccessKey(id!) ?? accountId };
    },

    async GetSessionToken(input, caller) {
      refuseUnimplemented('GetSessionToken', input);
      const { kind, accountId, arn, userId, baseArn } = principalOf(caller);
      if (sessionOf(tokens, caller) !== undefined) throw sessionCredentials('GetSessionToken');
      const seconds = secondsFor(principalOf(caller), input.DurationSeconds);
      const session = { kind, accountId, arn, userId, baseArn };
      return { Credentials: credentialsOutput(tokens.issue(session, seconds)) };
    },

    async GetFederationToken(input, caller) {
      const principal = principalOf(caller);
      const { accountId, baseArn } = principal;
      if (sessionOf(tokens, caller) !== undefined) throw sessionCredentials('GetFederationToken');
      const name = input.Name!;
      const session = {
        kind: 'federatedUser' as const,
        accountId,
        arn: `arn:aws:sts::${accountId}:federated-user/${name}`,
        userId: `${accountId}:${name}`,
        baseArn,
        // Without policies of its own such a session may do nothing.
        policies: [],
        ...sessionPolicies(input),
        ...sessionTags(input, undefined),
      };
      const seconds = secondsFor(principal, input.DurationSeconds);
      return {
        Credentials: credentialsOutput(tokens.issue(session, seconds)),
        FederatedUser: { FederatedUserId: session.userId, Arn: session.arn },
      };
    },
  };
  return { name: 'sts', operations: operations as Service['operations'] };
}

function principalOf({ identity, accountId }: RequestContext): AccountPrincipal {
  return identity?.principal ?? rootPrincipal(accountId);
}

function sessionCredentials(operation: string): AwsError {
  return new AwsError('AccessDenied', `Cannot call ${operation} with session credentials`, {}, 403);
}

/** Who calls and what they may do: IAM, STS, signers and permissions put together. */
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Authenticate, Authorize } from '../ports/authorize.ts';
import type { Call } from '../ports/call.ts';
import type { Identify } from '../ports/identity.ts';
import type { RequestContext, Service } from '../ports/service.ts';
import type { StateStore } from '../ports/state-store.ts';
import { openIam } from '../services/iam/iam.ts';
import type { AdmitForm } from '../services/s3/post-object.ts';
import { SessionTokens } from '../services/sts/session-tokens.ts';
import { stsService } from '../services/sts/sts.ts';
import type { Authorization } from '../wire/server/authorizer.ts';
import { Permissions } from './authorization/permissions.ts';
import { formAdmission } from './form-signature.ts';
import { fetchProviderJson } from './identity-providers.ts';
import { requestAuthentication } from './request-signature.ts';
import type { ExecutionRole } from './role-credentials.ts';
import { namedRole, RoleCredentialIssuer } from './role-credentials.ts';
import type { RootCredentials } from './root-credentials.ts';
import { rootIdentity, Signers } from './signers.ts';

export interface AccessOptions {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly root: RootCredentials;
  /** What session tokens are sealed with. */
  readonly sessionKey: Buffer;
  /** Whether signatures are verified and policies evaluated. */
  readonly isEnforced: boolean;
  /** All services of the server; asked once requests come. */
  readonly services: () => readonly Service[];
  readonly call: Call;
  /** ARN of the key that KMS has encrypted something with. */
  readonly ciphertextKeyArn: (ciphertext: Uint8Array) => string | undefined;
}

export interface Access {
  readonly services: readonly Service[];
  readonly identify: Identify;
  /** Undefined where nothing is enforced. */
  readonly authorization: Authorization | undefined;
  readonly authorize: Authorize;
  /** Undefined where nothing is enforced. */
  readonly admitForm: AdmitForm | undefined;
  /** Holds calls in roles that were passed to services; undefined where nothing is enforced. */
  readonly permissions: Permissions | undefined;
  /** With signatures verified, whether anything else is or not. */
  readonly authenticate: Authenticate;
  readonly credentialsFor: (role: ExecutionRole) => ReturnType<RoleCredentialIssuer['credentialsFor']>;
  /** How services tell who called, for example `AROA…:session`. */
  readonly senderIdOf: (caller: RequestContext) => string;
}

export async function openAccess(options: AccessOptions): Promise<Access> {
  const { state, clock, ids, root, isEnforced, services, call } = options;
  const iam = await openIam({ state, clock, ids });
  const { principals } = iam;
  // Real time: see session-tokens.ts.
  const tokens = new SessionTokens(options.sessionKey, ids, Date.now);
  const signers = new Signers(principals, tokens, root);
  const permissions = new Permissions({
    signer: ({ accessKeyId, sessionToken }) => signers.verifiedIdentity(accessKeyId, sessionToken),
    policiesOf: (principal) => principals.policiesOf(principal),
    role: (arn) => principals.role(arn),
    call,
    lookup: {
      iamArn: (accountId, type, name) => principals.arnOf(accountId, type, name),
      keyArn: (accountId, region, keyId) => keyArn(call, accountId, region, keyId),
      secretArn: (accountId, region, id) => secretArn(call, accountId, region, id),
      ciphertextKeyArn: options.ciphertextKeyArn,
    },
    services,
    clock,
  });
  const sts = stsService({
    tokens,
    role: (arn) => principals.role(arn) ?? (isEnforced ? undefined : namedRole(arn)),
    requireTrust: isEnforced
      ? (caller, action, role, facts) => permissions.requireTrust(caller, action, role, facts)
      : undefined,
    identityProvider: (accountId, name) => principals.oidcProvider(accountId, name),
    fetchJson: fetchProviderJson,
    requireFederation: isEnforced
      ? (caller, action, federation) => permissions.requireFederation(caller, action, federation)
      : undefined,
  });
  const issuer = new RoleCredentialIssuer({ tokens, role: (arn) => principals.role(arn) });
  return {
    services: [iam.service, sts],
    identify: signers.identify,
    // Signatures follow real time: a clock that tests move must not make every request expire.
    authorization: isEnforced
      ? {
          findCredentials: async (accessKeyId, token) => signers.credentials(accessKeyId, token),
          realNowMs: Date.now,
          permit: (request) => permissions.permit(request),
          unsigned: {
            operations: ['sts:AssumeRoleWithWebIdentity'],
            admit: (request) => permissions.admitUnsigned(request),
          },
        }
      : undefined,
    authorize: permissions.authorize,
    admitForm: isEnforced ? formAdmission(signers, permissions.authorize) : undefined,
    permissions: isEnforced ? permissions : undefined,
    authenticate: requestAuthentication(signers),
    credentialsFor: (role) => issuer.credentialsFor(role),
    senderIdOf: ({ identity, accountId }) => (identity ?? rootIdentity(accountId)).principal.userId,
  };
}

/** The key that an id, an ARN or an alias stands for; undefined where there is none. */
async function keyArn(
  call: Call,
  accountId: string,
  region: string,
  keyId: string,
): Promise<string | undefined> {
  const answer = (await call({ accountId, region }, 'kms', 'DescribeKey', { KeyId: keyId }).catch(
    () => undefined,
  )) as { readonly KeyMetadata?: { readonly Arn?: string } } | undefined;
  return answer?.KeyMetadata?.Arn;
}

/** The secret of that name or ARN; undefined where there is none. */
async function secretArn(
  call: Call,
  accountId: string,
  region: string,
  id: string,
): Promise<string | undefined> {
  const answer = (await call({ accountId, region }, 'secretsmanager', 'DescribeSecret', {
    SecretId: id,
  }).catch(() => undefined)) as { readonly ARN?: string } | undefined;
  return answer?.ARN;
}

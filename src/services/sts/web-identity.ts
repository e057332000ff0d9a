/**
 * AssumeRoleWithWebIdentity: a token of an OpenID Connect provider that the account knows is taken for who the caller
 * is. Source: STS API reference and IAM User Guide, "OIDC federation"; the words of errors as users of AWS quote them
 * (aws-actions/configure-aws-credentials#280, awslabs/amazon-eks-irsa-cfn#18).
 */
import { AwsError } from '../../core/errors.ts';
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { AssumableRole } from './assume-role.ts';
import { credentialsOutput, durationOf, requestTags } from './assume-role.ts';
import type { IdentityToken, KeySet, TokenClaims } from './identity-token.ts';
import { audiencesOf, isSignedBy, parseIdentityToken } from './identity-token.ts';
import { roleSession } from './role-session.ts';
import { actionsFor, sessionClaims } from './session-claims.ts';
import { sessionPolicies, sessionTags } from './session-policies.ts';
import type { SessionTokens } from './session-tokens.ts';
import type { StsOperations } from './sts-operations.ts';

export interface IdentityProvider {
  /** Audiences that its tokens may be for. */
  readonly clientIds: readonly string[];
  /** Of certificates that vouch for its server where no known authority does; hexadecimal SHA-1. */
  readonly thumbprints: readonly string[];
}

/** Who wants to take which role. */
export interface Federation {
  readonly providerArn: string;
  readonly role: AssumableRole;
  readonly facts: ConditionFacts;
}

export interface WebIdentityDependencies {
  readonly tokens: SessionTokens;
  readonly role: (arn: string) => AssumableRole | undefined;
  /** The provider of an account by its URL without the scheme. */
  readonly identityProvider: (accountId: string, name: string) => IdentityProvider | undefined;
  /** The JSON at an address; rejects where it cannot be had. */
  readonly fetchJson: (url: string, thumbprints: readonly string[]) => Promise<unknown>;
  /** Throws `AccessDenied` where the role does not trust the provider with the action. Without it every role does. */
  readonly requireFederation:
    | ((caller: RequestContext, action: string, federation: Federation) => void)
    | undefined;
}

export function webIdentityOperation(deps: WebIdentityDependencies): StsOperations {
  const { tokens, role, requireFederation } = deps;
  return {
    async AssumeRoleWithWebIdentity(input, caller) {
      if (input.ProviderId !== undefined) {
        const words =
          'sts:AssumeRoleWithWebIdentity does not implement ProviderId (tokens of OAuth 2.0) yet.';
        throw new AwsError('NotImplemented', words, {}, 501);
      }
      const found = role(input.RoleArn!);
      // AWS does not tell a role that is not there from one that may not be taken.
      if (found === undefined) throw notAuthorized('sts:AssumeRoleWithWebIdentity');
      const { claims } = await verifiedToken(deps, found.accountId, input.WebIdentityToken!);
      const name = withoutScheme(claims.iss);
      const asked = sessionClaims(claims);
      const providerArn = `arn:aws:iam::${found.accountId}:oidc-provider/${name}`;
      const facts = {
        ...claimFacts(name, claims),
        ...requestTags(asked.Tags),
        'aws:TagKeys': asked.Tags.map(({ Key }) => Key),
        'sts:TransitiveTagKeys': asked.TransitiveTagKeys,
        'sts:SourceIdentity': asked.sourceIdentity,
        'sts:RoleSessionName': input.RoleSessionName,
      };
      for (const action of actionsFor(asked))
        requireFederation?.(caller, action, { providerArn, role: found, facts });
      const session = {
        ...roleSession(found, input.RoleSessionName!),
        ...sessionPolicies(input),
        ...sessionTags(asked, undefined),
        ...(asked.sourceIdentity === undefined ? {} : { sourceIdentity: asked.sourceIdentity }),
      };
      const seconds = durationOf(input.DurationSeconds, found, undefined);
      return {
        Credentials: credentialsOutput(tokens.issue(session, seconds)),
        SubjectFromWebIdentityToken: claims.sub,
        AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
        Provider: providerArn,
        Audience: audienceOf(claims),
        ...(asked.sourceIdentity === undefined ? {} : { SourceIdentity: asked.sourceIdentity }),
      };
    },
  };
}

/** Of several audiences the one that the token was made out to. Source: User Guide, "Available keys for AWS web identity federation". */
function audienceOf(claims: TokenClaims): string | undefined {
  return claims.azp ?? audiencesOf(claims)[0];
}

function claimFacts(name: string, claims: TokenClaims): ConditionFacts {
  const { sub, azp, amr, email } = claims;
  return {
    [`${name}:sub`]: sub,
    [`${name}:aud`]: audienceOf(claims),
    [`${name}:oaud`]: azp === undefined ? undefined : audiencesOf(claims)[0],
    [`${name}:amr`]: typeof amr === 'string' ? [amr] : amr,
    [`${name}:email`]: email,
  };
}

/** The token, once the provider's keys, its audience and its time have been found right. */
async function verifiedToken(
  { identityProvider, fetchJson, tokens }: WebIdentityDependencies,
  accountId: string,
  text: string,
): Promise<IdentityToken> {
  const token = parseIdentityToken(text);
  if (token === undefined)
    throw invalid(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    );
  const { claims } = token;
  const provider = identityProvider(accountId, withoutScheme(claims.iss));
  if (provider === undefined)
    throw invalid(`No OpenIDConnect provider found in your account for ${claims.iss}`);
  const allowed = claims.azp === undefined ? audiencesOf(claims) : [claims.azp];
  if (!allowed.some((audience) => provider.clientIds.includes(audience)))
    throw invalid('Incorrect token audience');
  const keys = await keysOf(claims.iss, (url) => fetchJson(url, provider.thumbprints));
  if (!isSignedBy(token, keys)) throw invalid('Token signature invalid');
  const nowSeconds = Math.floor(tokens.realNowMs() / 1_000);
  if (nowSeconds >= claims.exp) {
    throw new AwsError(
      'ExpiredTokenException',
      `Token expired: current date/time ${nowSeconds} must be before the expiration date/time ${claims.exp}`,
      {},
      400,
    );
  }
  if (claims.nbf !== undefined && nowSeconds < claims.nbf)
    throw invalid(`Token is not yet valid: current date/time ${nowSeconds}, not before ${claims.nbf}`);
  return token;
}

/** By the provider's own description, as OpenID Connect Discovery 1.0 has it. */
async function keysOf(issuer: string, fetchJson: (url: string) => Promise<unknown>): Promise<KeySet> {
  try {
    const base = issuer.replace(/\/$/, '');
    const { jwks_uri: address, issuer: described } = (await fetchJson(
      `${base}/.well-known/openid-configuration`,
    )) as { readonly jwks_uri: string; readonly issuer: string };
    if (described !== issuer) throw new Error(`the provider calls itself ${described}`);
    const { keys } = (await fetchJson(address)) as KeySet;
    return { keys: [...keys] };
  } catch {
    throw invalid(
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  }
}

function withoutScheme(issuer: string): string {
  return issuer.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidIdentityToken', message, {}, 400);
}

/** Throw it where a role does not trust the provider with the action, or is not there. */
export function notAuthorized(action: string): AwsError {
  return new AwsError('AccessDenied', `Not authorized to perform ${action}`, {}, 403);
}

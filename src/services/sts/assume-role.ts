/** AssumeRole: who may take a role is said by its trust policy, and by the caller's own policies. */
import { AwsError } from '../../core/errors.ts';
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { rootPrincipal } from '../../core/policy/principal.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { SessionRole } from './role-session.ts';
import { roleSession } from './role-session.ts';
import { sessionPolicies, sessionTags } from './session-policies.ts';
import type { Session, SessionTokens, TemporaryCredentials } from './session-tokens.ts';
import type { StsOperations } from './sts-operations.ts';

export interface AssumableRole extends SessionRole {
  readonly trustPolicy: PolicyDocument;
  readonly maxSessionSeconds: number;
}

export interface AssumeRoleDependencies {
  readonly tokens: SessionTokens;
  readonly role: (arn: string) => AssumableRole | undefined;
  /** Rejects with `AccessDenied` where the caller may not do `action` with the role. Without it everyone may. */
  readonly requireTrust:
    | ((caller: RequestContext, action: string, role: AssumableRole, facts: ConditionFacts) => Promise<void>)
    | undefined;
}

const DEFAULT_SECONDS = 3_600;

/** With credentials of a role no longer session than this is made: role chaining. */
const MAX_CHAINED_SECONDS = 3_600;

export function assumeRoleOperation({ tokens, role, requireTrust }: AssumeRoleDependencies): StsOperations {
  return {
    async AssumeRole(input, caller) {
      refuseUnimplemented('AssumeRole', input);
      const calling = sessionOf(tokens, caller);
      const found = role(input.RoleArn!);
      if (found === undefined) throw denied(caller, input.RoleArn!);
      const tags = sessionTags(input, calling);
      const sourceIdentity = input.SourceIdentity ?? calling?.sourceIdentity;
      if (requireTrust !== undefined) {
        const facts: ConditionFacts = {
          'sts:ExternalId': input.ExternalId,
          'sts:RoleSessionName': input.RoleSessionName,
          'sts:SourceIdentity': sourceIdentity,
          'sts:TransitiveTagKeys': input.TransitiveTagKeys,
          'aws:TagKeys': (input.Tags ?? []).map(({ Key }) => Key!),
          ...requestTags(input.Tags),
        };
        await requireTrust(caller, 'sts:AssumeRole', found, facts);
        if ((input.Tags ?? []).length > 0) await requireTrust(caller, 'sts:TagSession', found, facts);
        if (input.SourceIdentity !== undefined)
          await requireTrust(caller, 'sts:SetSourceIdentity', found, facts);
      }
      const seconds = durationOf(input.DurationSeconds, found, calling);
      const session = {
        ...roleSession(found, input.RoleSessionName!),
        ...sessionPolicies(input),
        ...tags,
        ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      };
      return {
        Credentials: credentialsOutput(tokens.issue(session, seconds)),
        AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
        ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
      };
    },
  };
}

/** Seconds that a session lasts. Throws where they are more than the role or its caller allows. */
export function durationOf(
  asked: number = DEFAULT_SECONDS,
  { maxSessionSeconds }: AssumableRole,
  calling: Session | undefined,
): number {
  if (calling?.kind === 'role' && asked > MAX_CHAINED_SECONDS) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (asked > maxSessionSeconds)
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  return asked;
}

/** There are no devices for multi-factor authentication, nor identity contexts that an operation could prove. */
export function refuseUnimplemented(operation: string, input: object): void {
  const members = input as Readonly<Record<string, unknown>>;
  for (const name of ['SerialNumber', 'TokenCode', 'ProvidedContexts'])
    if (members[name] !== undefined)
      throw new AwsError('NotImplemented', `sts:${operation} does not implement ${name} yet.`, {}, 501);
}

/** The session whose credentials a request bears. */
export function sessionOf(tokens: SessionTokens, { sessionToken }: RequestContext): Session | undefined {
  return sessionToken === undefined ? undefined : tokens.session(sessionToken);
}

export function credentialsOutput(credentials: TemporaryCredentials) {
  return {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: new Date(credentials.expiresMs),
  };
}

/** Condition keys of tags that a session is to have. */
export function requestTags(
  tags: readonly { readonly Key: string | undefined; readonly Value: string | undefined }[] = [],
): ConditionFacts {
  return Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value]));
}

/** AWS does not tell a role that is not there from one that may not be taken. */
function denied({ identity, accountId }: RequestContext, roleArn: string): AwsError {
  const caller = (identity?.principal ?? rootPrincipal(accountId)).arn;
  const words = `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
  return new AwsError('AccessDenied', words, {}, 403);
}

function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message, {}, 400);
}

/** Condition keys of who calls, and of how. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import type { RoleCaller } from '../../ports/call.ts';
import type { Identity } from '../../ports/identity.ts';
import type { UnsignedCall } from '../../wire/server/authorizer.ts';

/** Of nobody where nobody has signed. */
export function principalFacts(identity: Identity | undefined): ConditionFacts {
  if (identity === undefined)
    return { 'aws:PrincipalType': 'Anonymous', 'aws:PrincipalIsAWSService': 'false' };
  const { accountId, baseArn, userId } = identity.principal;
  return {
    'aws:PrincipalArn': baseArn,
    'aws:PrincipalAccount': accountId,
    'aws:userid': userId,
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
  };
}

/** Of what a service does in a role; nobody overhears it. */
export function roleFacts({ region }: RoleCaller): ConditionFacts {
  return { 'aws:RequestedRegion': region, 'aws:SecureTransport': 'true' };
}

/** Of a call over the wire. */
export function callFacts({ context, sourceIp }: UnsignedCall): ConditionFacts {
  const { headers, region } = context;
  const address = sourceIp.replace(/^::ffff:(?=\d+\.)/, '');
  return {
    'aws:SourceIp': address,
    'aws:RequestedRegion': region,
    // This server speaks plain HTTP, which nobody overhears where it does not leave the machine.
    'aws:SecureTransport': String(address === '::1' || address.startsWith('127.')),
    'aws:UserAgent': headers['user-agent'],
    'aws:referer': headers.referer,
  };
}

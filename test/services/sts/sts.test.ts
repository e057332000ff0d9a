import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountPrincipal } from '../../../src/core/policy/principal.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import type { AssumableRole } from '../../../src/services/sts/assume-role.ts';
import { ACCOUNT, requestContext } from '../logs/opened-logs.ts';
import { NOW_MS, openTestSts } from './opened-sts.ts';

const ROLE: AssumableRole = {
  arn: `arn:aws:iam::${ACCOUNT}:role/service-role/worker`,
  accountId: ACCOUNT,
  id: 'AROA0123456789ABCDEFG',
  trustPolicy: { version: '2012-10-17', statements: [] },
  maxSessionSeconds: 7_200,
};
const takeRole = { RoleArn: ROLE.arn, RoleSessionName: 'job' };

function calledBy(principal: AccountPrincipal, token?: string): RequestContext {
  return { ...requestContext(), sessionToken: token, identity: { principal, facts: {} } };
}

test('the caller is the root user of the account of the request where nobody knows the key', async () => {
  const { operations } = openTestSts();
  assert.deepEqual(await operations.GetCallerIdentity!({}, requestContext()), {
    UserId: ACCOUNT,
    Account: ACCOUNT,
    Arn: `arn:aws:iam::${ACCOUNT}:root`,
  });
});

test('a session of a role has the role in its ids; the path of the role is left out', async () => {
  const { operations, tokens } = openTestSts({ role: () => ROLE });
  const { AssumedRoleUser, Credentials } = await operations.AssumeRole!(takeRole, requestContext());
  // Fields and forms as the STS API reference has them for an assumed role.
  assert.deepEqual(AssumedRoleUser, {
    AssumedRoleId: 'AROA0123456789ABCDEFG:job',
    Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/job`,
  });
  assert.match(Credentials!.AccessKeyId!, /^ASIA[A-Z2-7]{16}$/);
  assert.equal(Credentials!.SecretAccessKey!.length, 40);
  assert.equal(Credentials!.Expiration!.getTime(), NOW_MS + 3_600_000);
  assert.equal(tokens.session(Credentials!.SessionToken!)?.baseArn, ROLE.arn);
  const { Account } = await operations.GetAccessKeyInfo!(
    { AccessKeyId: Credentials!.AccessKeyId },
    { ...requestContext(), accountId: '999999999999' },
  );
  assert.equal(Account, ACCOUNT, 'the account is in the key');
});

test('a token holds over a restart, and no changed one does', async () => {
  const { operations, reopen } = openTestSts({ role: () => ROLE });
  const { Credentials } = await operations.AssumeRole!(takeRole, requestContext());
  const token = Credentials!.SessionToken!;
  const other = reopen();
  assert.equal(other.session(token)?.secretAccessKey, Credentials!.SecretAccessKey);
  const middle = Math.floor(token.length / 2);
  const changed = token.slice(0, middle) + (token[middle] === 'A' ? 'B' : 'A') + token.slice(middle + 1);
  assert.equal(other.session(changed), undefined);
  assert.equal(other.session('SELF'), undefined);
});

test('a session lasts no longer than the role allows, and an hour where roles are chained', async () => {
  const { operations, tokens } = openTestSts({ role: () => ROLE });
  const assume = (seconds: number, caller = requestContext()) =>
    operations.AssumeRole!({ ...takeRole, DurationSeconds: seconds }, caller);
  const { Credentials } = await assume(7_200);
  assert.equal(Credentials!.Expiration!.getTime(), NOW_MS + 7_200_000);
  await assert.rejects(assume(7_201), {
    name: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  });
  const token = Credentials!.SessionToken!;
  await assert.rejects(assume(3_601, calledBy(tokens.session(token)!, token)), {
    name: 'ValidationError',
    message:
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
  });
});

test('tags that a session hands on cannot be set again, in either case', async () => {
  const { operations, tokens } = openTestSts({ role: () => ROLE });
  const first = await operations.AssumeRole!(
    { ...takeRole, Tags: [{ Key: 'Team', Value: 'a' }], TransitiveTagKeys: ['Team'] },
    requestContext(),
  );
  const token = first.Credentials!.SessionToken!;
  const caller = calledBy(tokens.session(token)!, token);
  for (const Key of ['Team', 'team']) {
    // Recorded from AWS.
    await assert.rejects(operations.AssumeRole!({ ...takeRole, Tags: [{ Key, Value: 'b' }] }, caller), {
      name: 'InvalidParameterValue',
      message:
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    });
  }
  const next = await operations.AssumeRole!({ ...takeRole, Tags: [{ Key: 'Job', Value: 'c' }] }, caller);
  assert.deepEqual(tokens.session(next.Credentials!.SessionToken!)?.tags, { Team: 'a', Job: 'c' });
});

test('a session policy that is none is refused', async () => {
  const { operations } = openTestSts({ role: () => ROLE });
  const statement = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  // Words as of IAM's policies that say what their holder may do.
  const refusals: [statement: unknown, message: string][] = [
    [1, 'Syntax errors in policy.'],
    [{ ...statement, Principal: '*' }, 'Policy document should not specify a principal.'],
    [{ ...statement, Action: undefined }, 'Policy statement must contain actions.'],
    [{ ...statement, Resource: undefined }, 'Policy statement must contain resources.'],
  ];
  for (const [Statement, message] of refusals) {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await assert.rejects(operations.AssumeRole!({ ...takeRole, Policy }, requestContext()), {
      name: 'MalformedPolicyDocument',
      message,
    });
  }
});

test('sessions of users and federated users are those of their makers, and make no more of them', async () => {
  const { operations, tokens } = openTestSts();
  const arn = `arn:aws:iam::${ACCOUNT}:user/jane`;
  const jane: AccountPrincipal = { kind: 'user', accountId: ACCOUNT, arn, userId: 'AIDAJANE', baseArn: arn };
  const own = await operations.GetSessionToken!({}, calledBy(jane));
  assert.equal(own.Credentials!.Expiration!.getTime(), NOW_MS + 43_200_000);
  const token = own.Credentials!.SessionToken!;
  assert.equal(tokens.session(token)?.arn, arn);
  await assert.rejects(operations.GetSessionToken!({}, calledBy(jane, token)), {
    name: 'AccessDenied',
    message: 'Cannot call GetSessionToken with session credentials',
  });
  const federated = await operations.GetFederationToken!({ Name: 'joe' }, calledBy(jane));
  assert.deepEqual(federated.FederatedUser, {
    FederatedUserId: `${ACCOUNT}:joe`,
    Arn: `arn:aws:sts::${ACCOUNT}:federated-user/joe`,
  });
  assert.deepEqual(tokens.session(federated.Credentials!.SessionToken!)?.policies, []);
});

test('a code for multi-factor authentication is not taken for one that was checked', async () => {
  const { operations } = openTestSts({ role: () => ROLE });
  const SerialNumber = `arn:aws:iam::${ACCOUNT}:mfa/jane`;
  const unknown = (operation: string) => ({
    name: 'NotImplemented',
    message: `sts:${operation} does not implement SerialNumber yet.`,
  });
  const code = { SerialNumber, TokenCode: '123456' };
  const takes = operations.AssumeRole!({ ...takeRole, ...code }, requestContext());
  await assert.rejects(takes, unknown('AssumeRole'));
  await assert.rejects(operations.GetSessionToken!(code, requestContext()), unknown('GetSessionToken'));
});

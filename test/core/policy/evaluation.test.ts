/** Decisions by the rules of the IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic". */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conditionContext } from '../../../src/core/policy/condition-context.ts';
import type { ApplicablePolicies } from '../../../src/core/policy/evaluation.ts';
import { evaluate } from '../../../src/core/policy/evaluation.ts';
import { policyOf } from '../../../src/core/policy/parse.ts';
import type { Principal } from '../../../src/core/policy/principal.ts';
import { checkDeliveryAccess, policyAllowsService } from '../../../src/core/policy/service-access.ts';
import { ACCOUNT, FUNCTION, OTHER_ACCOUNT, policy, ROOT, request, SESSION, USER } from './policies.ts';

const ALL = policy({});
const NONE = policy({ Action: 'other:*' });
const DENY = policy({ Effect: 'Deny' });
const byName = (...names: string[]) => policy({ Principal: { AWS: names } });

/** `allowed`, or `<outcome> <kind of policy>`. */
function decision(principal: Principal, policies: ApplicablePolicies): string {
  const decided = evaluate(request({}, { principal }), policies);
  return decided.outcome === 'allowed' ? 'allowed' : `${decided.outcome} ${decided.kind}`;
}

type Row = readonly [name: string, principal: Principal, policies: ApplicablePolicies, expected: string];

const limited = { ...SESSION, sessionPolicies: [NONE] };
const freed = { ...SESSION, sessionPolicies: [NONE, ALL] };
const foreign = { identity: [ALL], resourceAccountId: OTHER_ACCOUNT };

const ROWS: readonly Row[] = [
  ['a user without policies is refused', USER, { identity: [] }, 'implicitDeny identity'],
  ['a user is allowed by an identity policy', USER, { identity: [NONE, ALL] }, 'allowed'],
  ['a deny wins over an allow', USER, { identity: [ALL, DENY] }, 'explicitDeny identity'],
  ['root may do all without policies', ROOT, { identity: [] }, 'allowed'],
  [
    'a deny of a resource binds root',
    ROOT,
    { identity: [], resource: policy({ Effect: 'Deny', Principal: '*' }) },
    'explicitDeny resource',
  ],
  ['a boundary must allow too', USER, { identity: [ALL], boundary: NONE }, 'implicitDeny boundary'],
  ['a boundary alone allows nothing', USER, { identity: [], boundary: ALL }, 'implicitDeny identity'],
  ['a deny in a boundary denies', USER, { identity: [ALL], boundary: DENY }, 'explicitDeny boundary'],
  ['a session policy must allow too', limited, { identity: [ALL] }, 'implicitDeny session'],
  ['one of several session policies is enough', freed, { identity: [ALL] }, 'allowed'],
  ['a session without session policies has what its role has', SESSION, { identity: [ALL] }, 'allowed'],
  [
    'a resource policy that names a user is enough',
    USER,
    { identity: [], resource: byName(USER.arn) },
    'allowed',
  ],
  [
    '…whatever its boundary leaves out',
    USER,
    { identity: [], boundary: NONE, resource: byName(USER.arn) },
    'allowed',
  ],
  [
    '…but not against a deny',
    USER,
    { identity: [DENY], resource: byName(USER.arn) },
    'explicitDeny identity',
  ],
  [
    'a resource policy that names the account leaves it to identity policies',
    USER,
    { identity: [], resource: byName(ACCOUNT) },
    'implicitDeny identity',
  ],
  [
    'a resource policy that names everyone is enough for a user',
    USER,
    { identity: [], resource: policy({ Principal: '*' }) },
    'allowed',
  ],
  [
    'a resource policy that names a role is enough for its session',
    SESSION,
    { identity: [], resource: byName(SESSION.baseArn) },
    'allowed',
  ],
  [
    '…within its session policies',
    limited,
    { identity: [], resource: byName(SESSION.baseArn) },
    'implicitDeny session',
  ],
  [
    '…and its boundary',
    SESSION,
    { identity: [], boundary: NONE, resource: byName(SESSION.baseArn) },
    'implicitDeny boundary',
  ],
  [
    'one that names the session itself is not limited',
    limited,
    { identity: [], resource: byName(SESSION.arn) },
    'allowed',
  ],
  [
    'a role may be named by its id',
    SESSION,
    { identity: [], resource: byName('AROAWORKER0000000000') },
    'allowed',
  ],
  ['another account needs a resource policy', USER, foreign, 'implicitDeny resource'],
  [
    '…that names its account or more',
    USER,
    { ...foreign, resource: byName(`arn:aws:iam::${ACCOUNT}:root`) },
    'allowed',
  ],
  [
    '…and an identity policy as well',
    USER,
    { ...foreign, identity: [], resource: byName(USER.arn) },
    'implicitDeny identity',
  ],
  [
    '…not one of a third account',
    USER,
    { ...foreign, resource: byName('777788889999') },
    'implicitDeny resource',
  ],
  ['root of another account needs a resource policy', ROOT, foreign, 'implicitDeny resource'],
  [
    'a role says itself who may take it',
    USER,
    { identity: [ALL], resourceDecides: true },
    'implicitDeny resource',
  ],
  [
    '…or leaves it to the account',
    USER,
    { identity: [ALL], resource: byName(ACCOUNT), resourceDecides: true },
    'allowed',
  ],
  [
    '…which then must allow it',
    USER,
    { identity: [], resource: byName(ACCOUNT), resourceDecides: true },
    'implicitDeny identity',
  ],
  [
    'a NotPrincipal exempts whom it names from a deny',
    USER,
    { identity: [ALL], resource: policy({ Effect: 'Deny', NotPrincipal: { AWS: [ACCOUNT, USER.arn] } }) },
    'allowed',
  ],
  [
    '…and nobody else of the account',
    SESSION,
    { identity: [ALL], resource: policy({ Effect: 'Deny', NotPrincipal: { AWS: [ACCOUNT, USER.arn] } }) },
    'explicitDeny resource',
  ],
  [
    'a caller who signed nothing needs a policy for everyone',
    { kind: 'anonymous' },
    { identity: [], resource: policy({ Principal: { AWS: '*' } }) },
    'allowed',
  ],
  [
    '…and is no user of an account',
    { kind: 'anonymous' },
    { identity: [], resource: byName(ACCOUNT) },
    'implicitDeny resource',
  ],
  [
    'a service needs a policy that names it',
    { kind: 'service', service: 's3.amazonaws.com' },
    { identity: [], resource: policy({ Principal: { Service: 's3.amazonaws.com' } }) },
    'allowed',
  ],
  [
    '…not one that names another',
    { kind: 'service', service: 's3.amazonaws.com' },
    { identity: [], resource: policy({ Principal: { Service: 'sns.amazonaws.com' } }) },
    'implicitDeny resource',
  ],
];

describe('evaluate', () => {
  for (const [name, principal, policies, expected] of ROWS)
    it(name, () => assert.equal(decision(principal, policies), expected));
});

describe('statements', () => {
  const allowed = (statement: Record<string, unknown>, overrides = {}, facts = {}): boolean =>
    evaluate(request(facts, overrides), { identity: [policy(statement)] }).outcome === 'allowed';

  it('actions match without regard to case, with wildcards', () => {
    assert.ok(allowed({ Action: 'LAMBDA:invoke*' }));
    assert.ok(allowed({ Action: ['s3:*', 'lambda:?nvokeFunction'] }));
    assert.ok(!allowed({ Action: 'lambda:Get*' }));
  });

  it('NotAction and NotResource match everything else', () => {
    assert.ok(allowed({ NotAction: 'iam:*' }));
    assert.ok(!allowed({ NotAction: 'lambda:*' }));
    assert.ok(!allowed({ NotResource: `${FUNCTION}*` }));
    assert.ok(allowed({ NotResource: `${FUNCTION}-other` }));
  });

  it('resources match with regard to case, with wildcards', () => {
    assert.ok(allowed({ Resource: 'arn:aws:lambda:*:111122223333:function:*' }));
    assert.ok(!allowed({ Resource: FUNCTION.toUpperCase() }));
    assert.ok(!allowed({ Resource: 'arn:aws:lambda:*:111122223333:function:f?' }));
  });

  it('variables stand for values of the request, literally', () => {
    const statement = { Resource: `arn:aws:s3:::b/\${aws:username}/*` };
    const object = { resource: 'arn:aws:s3:::b/jane/x' };
    assert.ok(allowed(statement, object, { 'aws:username': 'jane' }));
    assert.ok(!allowed(statement, object, { 'aws:username': 'joe' }));
    assert.ok(!allowed(statement, object), 'a variable without a value matches nothing');
    assert.ok(!allowed(statement, object, { 'aws:username': '*' }), 'a star in a value is a star');
    assert.ok(allowed({ Resource: `arn:aws:s3:::b/\${aws:username, 'jane'}/*` }, object));
    assert.ok(allowed({ Resource: `arn:aws:s3:::b/\${*}` }, { resource: 'arn:aws:s3:::b/*' }));
    assert.ok(!allowed({ Resource: `arn:aws:s3:::b/\${*}` }, { resource: 'arn:aws:s3:::b/x' }));
  });

  it('variables in values of conditions too', () => {
    const statement = { Condition: { StringLike: { 's3:prefix': ['', `\${aws:username}/*`] } } };
    assert.ok(allowed(statement, {}, { 's3:prefix': 'jane/x', 'aws:username': 'jane' }));
    assert.ok(!allowed(statement, {}, { 's3:prefix': 'joe/x', 'aws:username': 'jane' }));
  });

  it('a policy of 2008 takes variables for text', () => {
    const old = policyOf({ Statement: { Effect: 'Allow', Action: '*', Resource: `a/\${aws:username}` } });
    const outcome = (resource: string) =>
      evaluate(request({ 'aws:username': 'jane' }, { resource }), { identity: [old] }).outcome;
    assert.equal(outcome('a/jane'), 'implicitDeny');
    assert.equal(outcome(`a/\${aws:username}`), 'allowed');
  });

  it('many stars cost no more than many characters', () => {
    const resource = `arn:aws:s3:::${'a'.repeat(2_000)}`;
    assert.ok(!allowed({ Resource: `arn:aws:s3:::${'a*'.repeat(1_000)}b` }, { resource }));
  });

  it('what has matched is told', () => {
    const document = policy({ Sid: 'one', Action: 's3:*' }, { Sid: 'two' });
    const { matched } = evaluate(request(), { identity: [document] });
    assert.deepEqual(
      matched.map(({ statement }) => statement.sid),
      ['two'],
    );
  });
});

describe('policyAllowsService', () => {
  const source = `arn:aws:events:us-east-1:${ACCOUNT}:rule/r`;
  const access = {
    service: 'events.amazonaws.com',
    action: 'lambda:InvokeFunction',
    resource: FUNCTION,
    sourceArn: source,
  };
  const grant = (Condition: object) =>
    policy({
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: FUNCTION,
      Condition,
    });

  it('holds the source against the conditions', () => {
    assert.ok(policyAllowsService(grant({ ArnLike: { 'AWS:SourceArn': source } }), access));
    assert.ok(!policyAllowsService(grant({ ArnLike: { 'AWS:SourceArn': `${source}2` } }), access));
    assert.ok(policyAllowsService(grant({ StringEquals: { 'AWS:SourceAccount': ACCOUNT } }), access));
    assert.ok(!policyAllowsService(grant({ StringEquals: { 'AWS:SourceAccount': OTHER_ACCOUNT } }), access));
  });

  it('refuses without a policy, and by a deny', () => {
    assert.ok(!policyAllowsService(undefined, access));
    const denied = policy(
      { Principal: '*' },
      { Effect: 'Deny', Principal: { Service: 'events.amazonaws.com' } },
    );
    assert.ok(!policyAllowsService(denied, access));
  });

  it('takes everyone for services, too, however it is written', () => {
    const everyone = (Principal: unknown) => policy({ Principal, Action: 'lambda:*', Resource: FUNCTION });
    assert.ok(policyAllowsService(everyone('*'), access));
    assert.ok(policyAllowsService(everyone({ AWS: '*' }), access));
    assert.ok(!policyAllowsService(everyone({ AWS: ACCOUNT }), access));
  });

  it('further facts of the request count', () => {
    const document = grant({ StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } });
    assert.ok(!policyAllowsService(document, access));
    assert.ok(policyAllowsService(document, { ...access, facts: { 'lambda:FunctionUrlAuthType': 'NONE' } }));
  });
});

describe('checkDeliveryAccess', () => {
  const access = { service: 's3.amazonaws.com', action: 'sqs:SendMessage', resource: 'arn:aws:sqs:::q' };

  it('refuses, in the words of IAM, whom no policy lets in, but not Lambda, which comes with a role', () => {
    assert.throws(() => checkDeliveryAccess(undefined, access, 'AccessDenied'), {
      name: 'AccessDenied',
      message:
        'User: s3.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:::q because no resource-based policy allows the sqs:SendMessage action',
    });
    checkDeliveryAccess(undefined, { ...access, service: 'lambda.amazonaws.com' }, 'AccessDenied');
    const open = policy({ Principal: '*', Action: 'sqs:*', Resource: access.resource });
    checkDeliveryAccess(open, access, 'AccessDenied');
  });
});

describe('conditionContext', () => {
  it('lets later facts replace earlier ones and leaves out what is undefined', () => {
    const context = conditionContext({ 'A:b': 'x', 'a:c': undefined }, { 'a:B': ['y', 'z'] });
    assert.deepEqual([...context], [['a:b', ['y', 'z']]]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PolicySyntaxError, parsePolicy } from '../../../src/core/policy/parse.ts';

const STATEMENT = { Effect: 'Allow', Action: 's3:*', Resource: '*' };

describe('parsePolicy', () => {
  it('makes lists of what may be one or a list', () => {
    const text = JSON.stringify({
      Version: '2012-10-17',
      Id: 'i',
      Statement: {
        Sid: 's',
        Effect: 'Deny',
        Principal: { AWS: '111122223333', Service: ['a.amazonaws.com'] },
        NotAction: 'iam:*',
        NotResource: ['a', 'b'],
        Condition: { NumericLessThan: { 'k:a': 3 }, Bool: { 'k:b': [true] } },
      },
    });
    assert.deepEqual(parsePolicy(text), {
      version: '2012-10-17',
      id: 'i',
      statements: [
        {
          sid: 's',
          effect: 'Deny',
          principal: { AWS: ['111122223333'], Service: ['a.amazonaws.com'] },
          notActions: ['iam:*'],
          notResources: ['a', 'b'],
          conditions: { NumericLessThan: { 'k:a': ['3'] }, Bool: { 'k:b': ['true'] } },
        },
      ],
    });
  });

  it('a document that names no version is of the first one', () => {
    assert.equal(parsePolicy(JSON.stringify({ Statement: [STATEMENT] })).version, '2008-10-17');
  });

  it('what is no JSON is refused in the words AWS was recorded with', () => {
    assert.throws(() => parsePolicy('{"a":'), new PolicySyntaxError('This policy contains invalid Json'));
  });

  const malformed: Readonly<Record<string, unknown>> = {
    'a list': [],
    'no statement': { Version: '2012-10-17' },
    'no statements': { Version: '2012-10-17', Statement: [] },
    'an unknown version': { Version: '2020-01-01', Statement: STATEMENT },
    'an unknown element': { Statement: STATEMENT, Comment: 'x' },
    'an unknown element of a statement': { Statement: { ...STATEMENT, Actions: 's3:*' } },
    'no effect': { Statement: { Action: 's3:*', Resource: '*' } },
    'an effect in lower case': { Statement: { ...STATEMENT, Effect: 'allow' } },
    'a number for an action': { Statement: { ...STATEMENT, Action: 1 } },
    'both Action and NotAction': { Statement: { ...STATEMENT, NotAction: 's3:*' } },
    'an unknown kind of principal': { Statement: { ...STATEMENT, Principal: { Aws: '*' } } },
    'a text for a principal': { Statement: { ...STATEMENT, Principal: '111122223333' } },
    'an unknown operator': { Statement: { ...STATEMENT, Condition: { StringIs: { 'a:b': 'c' } } } },
    'Null with IfExists': { Statement: { ...STATEMENT, Condition: { NullIfExists: { 'a:b': 'true' } } } },
    'an object for a value': { Statement: { ...STATEMENT, Condition: { StringEquals: { 'a:b': {} } } } },
  };
  for (const [what, document] of Object.entries(malformed))
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parsePolicy(JSON.stringify(document)),
        new PolicySyntaxError('Syntax errors in policy.'),
      );
    });
});

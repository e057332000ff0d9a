/** Every condition operator, with what holds and what does not; the IAM User Guide's rules for absent and many-valued keys. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConditionFacts } from '../../../src/core/policy/condition-context.ts';
import { evaluate } from '../../../src/core/policy/evaluation.ts';
import { policy, request } from './policies.ts';

type Row = readonly [
  operator: string,
  wanted: unknown,
  actual: string | readonly string[] | undefined,
  holds: boolean,
];

function holds(operator: string, wanted: unknown, facts: ConditionFacts): boolean {
  const document = policy({ Condition: { [operator]: { 'test:Key': wanted } } });
  return evaluate(request(facts), { identity: [document] }).outcome === 'allowed';
}

const ROWS: readonly Row[] = [
  ['StringEquals', 'a', 'a', true],
  ['StringEquals', 'a', 'A', false],
  ['StringEquals', ['a', 'b'], 'b', true],
  ['StringEquals', 'a*', 'abc', false],
  ['StringEquals', 'a', undefined, false],
  ['StringNotEquals', 'a', 'b', true],
  ['StringNotEquals', ['a', 'b'], 'b', false],
  ['StringNotEquals', 'a', undefined, true],
  ['StringEqualsIgnoreCase', 'Ab', 'aB', true],
  ['StringNotEqualsIgnoreCase', 'Ab', 'aB', false],
  ['StringLike', 'a*c?', 'abbcd', true],
  ['StringLike', 'a*c?', 'abbc', false],
  ['StringNotLike', 'a*', 'b', true],
  ['StringNotLike', 'a*', 'ab', false],
  ['StringEqualsIfExists', 'a', undefined, true],
  ['StringEqualsIfExists', 'a', 'b', false],
  ['NumericEquals', 10, '10.0', true],
  ['NumericEquals', '10', 'ten', false],
  ['NumericNotEquals', '10', '11', true],
  ['NumericLessThan', '10', '9', true],
  ['NumericLessThan', '10', '10', false],
  ['NumericLessThanEquals', '10', '10', true],
  ['NumericGreaterThan', '10', '10', false],
  ['NumericGreaterThan', '9', '10', true],
  ['NumericGreaterThanEquals', '10', '10', true],
  ['DateEquals', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', true],
  ['DateEquals', '1767225600', '2026-01-01T00:00:00Z', true],
  ['DateNotEquals', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', true],
  ['DateLessThan', '2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z', true],
  ['DateLessThan', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', false],
  ['DateLessThanEquals', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', true],
  ['DateGreaterThan', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', true],
  ['DateGreaterThanEquals', '2026-01-01', '2026-01-01T00:00:00Z', true],
  ['Bool', true, 'true', true],
  ['Bool', 'false', 'true', false],
  ['Bool', 'false', undefined, false],
  ['BoolIfExists', 'true', undefined, true],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ6', false],
  ['IpAddress', '203.0.113.0/24', '203.0.113.9', true],
  ['IpAddress', '203.0.113.0/24', '203.0.114.9', false],
  ['IpAddress', '203.0.113.9', '203.0.113.9', true],
  ['IpAddress', '2001:db8::/32', '2001:db8:1::1', true],
  ['IpAddress', '2001:db8::/32', '203.0.113.9', false],
  ['NotIpAddress', ['203.0.113.0/24', '198.51.100.0/24'], '198.51.100.1', false],
  ['NotIpAddress', '203.0.113.0/24', '198.51.100.1', true],
  ['ArnLike', 'arn:aws:s3:::bucket-*', 'arn:aws:s3:::bucket-1', true],
  ['ArnLike', 'arn:aws:sns:*:111122223333:t', 'arn:aws:sns:eu-west-1:111122223333:t', true],
  ['ArnLike', 'arn:aws:sns:*:t', 'arn:aws:sns:eu-west-1:111122223333:t', false],
  ['ArnLike', 'arn:aws:lambda:*:*:function:*', 'arn:aws:lambda:eu-west-1:111122223333:function:f:1', true],
  ['ArnEquals', 'arn:aws:sns:eu-west-1:*:t', 'arn:aws:sns:eu-west-1:111122223333:t', true],
  ['ArnEquals', 'arn:aws:sns:eu-west-1:*:t', 'no arn', false],
  ['ArnNotEquals', 'arn:aws:sns:eu-west-1:*:t', 'arn:aws:sns:eu-west-1:111122223333:u', true],
  ['ArnNotLike', 'arn:aws:sns:*:*:t', 'arn:aws:sns:eu-west-1:111122223333:t', false],
  ['Null', 'true', undefined, true],
  ['Null', 'true', 'x', false],
  ['Null', false, 'x', true],
  ['Null', 'false', undefined, false],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
  ['ForAllValues:StringEquals', 'a', undefined, true],
  ['ForAllValues:StringEquals', 'a', [], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c'], false],
  ['ForAnyValue:StringEquals', 'a', undefined, false],
  ['ForAllValues:StringNotEquals', ['a'], ['b', 'c'], true],
  ['ForAllValues:StringNotEquals', ['a'], ['a', 'c'], false],
  ['ForAnyValue:StringNotEquals', ['a'], ['a', 'c'], true],
  ['ForAnyValue:StringNotEquals', ['a'], ['a'], false],
  ['ForAnyValue:StringNotEquals', ['a'], undefined, false],
  ['ForAnyValue:StringLikeIfExists', 'a*', undefined, true],
];

describe('conditions', () => {
  for (const [operator, wanted, actual, expected] of ROWS)
    it(`${operator} ${JSON.stringify(wanted)} ${expected ? 'holds' : 'does not hold'} for ${JSON.stringify(actual) ?? 'no value'}`, () => {
      assert.equal(holds(operator, wanted, { 'test:Key': actual }), expected);
    });

  it('names of keys are not distinguished by case', () => {
    assert.equal(holds('StringEquals', 'a', { 'TEST:key': 'a' }), true);
  });

  it('all operators and all keys must hold', () => {
    const document = policy({
      Condition: { StringEquals: { 'k:a': '1', 'k:b': '2' }, Bool: { 'k:c': 'true' } },
    });
    const outcome = (facts: ConditionFacts) => evaluate(request(facts), { identity: [document] }).outcome;
    assert.equal(outcome({ 'k:a': '1', 'k:b': '2', 'k:c': 'true' }), 'allowed');
    for (const key of ['k:a', 'k:b', 'k:c'])
      assert.equal(outcome({ 'k:a': '1', 'k:b': '2', 'k:c': 'true', [key]: 'no' }), 'implicitDeny', key);
  });
});

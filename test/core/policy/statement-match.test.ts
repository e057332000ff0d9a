import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '../../../src/core/policy/parse.ts';
import type { Statement } from '../../../src/core/policy/policy-document.ts';
import { statementApplies } from '../../../src/core/policy/statement-match.ts';
import { request } from './policies.ts';

function applies(statement: object): boolean {
  const document = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statement }));
  const [only] = document.statements as readonly [Statement];
  return statementApplies(document, only, request());
}

test('a statement that names no actions forbids all of them and allows none', () => {
  assert.equal(applies({ Effect: 'Deny', Resource: '*' }), true);
  assert.equal(applies({ Effect: 'Allow', Resource: '*' }), false);
  assert.equal(applies({ Effect: 'Allow', Resource: '*', NotAction: 'x:Y' }), true);
});

test('no name of a condition key is passed over', () => {
  const on = (key: string) => JSON.parse(`{"StringEquals": {"${key}": "x"}}`) as object;
  for (const key of ['a:B', '__proto__', 'constructor'])
    assert.equal(applies({ Effect: 'Allow', Action: '*', Resource: '*', Condition: on(key) }), false, key);
});

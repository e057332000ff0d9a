import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOfAccessKey, newAccessKeyId, newUniqueId, uniqueIdOf } from '../../src/core/access-key.ts';
import { randomIds } from '../../src/platform/random-ids.ts';

test('a key holds its account, whichever that is', () => {
  for (const account of ['000000000000', '000000000001', '123456789012', '999999999999']) {
    for (const prefix of ['AKIA', 'ASIA'] as const) {
      const key = newAccessKeyId(prefix, account, randomIds);
      assert.match(key, new RegExp(`^${prefix}[A-Z2-7]{16}$`));
      assert.equal(accountOfAccessKey(key), account);
    }
  }
  assert.notEqual(
    newAccessKeyId('AKIA', '123456789012', randomIds),
    newAccessKeyId('AKIA', '123456789012', randomIds),
  );
});

test("keys of AWS's form are read as AWS reads them, and others not at all", () => {
  // Quoted with its account where the form was first described.
  assert.equal(accountOfAccessKey('ASIAQNZGKIQY56JQ7WML'), '029608264753');
  // AWS's example is a key of the time before accounts were in them.
  assert.equal(accountOfAccessKey('AKIAIOSFODNN7EXAMPLE'), undefined);
  for (const text of ['test', '123456789012', 'AKIA', 'ASIAQNZGKIQY56JQ7WM1'])
    assert.equal(accountOfAccessKey(text), undefined);
});

test('unique ids have 17 characters after what tells their kind', () => {
  assert.match(newUniqueId('AROA', randomIds), /^AROA[A-Z2-7]{17}$/);
  assert.equal(uniqueIdOf('AIDA', 'ff'.repeat(11)), uniqueIdOf('AIDA', 'ff'.repeat(11)));
});

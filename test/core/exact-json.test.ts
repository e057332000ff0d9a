import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparable, parseExact } from '../../src/core/exact-json.ts';

test('whole numbers that a double does not hold are written as they were read', () => {
  for (const text of [
    '{"id":9223372036854775807,"ids":[-9007199254740993,1],"text":"12345678901234567890"}',
    '9007199254740993',
    '{"small":1,"fraction":0.1234567890123456}',
  ])
    assert.equal(JSON.stringify(parseExact(text)), text);
  assert.equal(parseExact('9007199254740991'), 9007199254740991);
  assert.throws(() => parseExact('{"id":9223372036854775807'), SyntaxError);
});

test('they are compared as the nearest double', () => {
  assert.equal(comparable(parseExact('9223372036854775807')), 2 ** 63);
  assert.equal(comparable('9223372036854775807'), '9223372036854775807');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonProblem } from '../../../src/lambda/invoke/json-payload.ts';

const source =
  'at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column:';
const expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

test('JSON of every kind is no problem', () => {
  for (const text of ['{}', '[]', '"a"', '1', 'null', ' {"é": [1, 2]} '])
    assert.equal(jsonProblem(Buffer.from(text)), undefined);
});

// The first two are what AWS answered; see `lambda_invoke_payload_encoding_error` in the recorded answers.
test('bytes that are not UTF-8 are named with their column', () => {
  const payload = Buffer.from([0x6e, 0x87, 0x72, 0x9e]);
  assert.equal(jsonProblem(payload), `Invalid UTF-8 start byte 0x87\n ${source} 3]`);
});

test('a control character is named by its code', () => {
  assert.equal(
    jsonProblem(Buffer.from('\u0099\u00eb,j')),
    `Unexpected character ((CTRL-CHAR, code 153)): expected a valid value ${expected}\n ${source} 1]`,
  );
});

test('a word that is no token is quoted', () => {
  assert.equal(
    jsonProblem(Buffer.from('foo')),
    `Unrecognized token 'foo': was expecting ${expected}\n ${source} 4]`,
  );
});

test('input that ends too early is said to', () => {
  assert.match(jsonProblem(Buffer.from('{"a": '))!, /^Unexpected end-of-input\n/);
});

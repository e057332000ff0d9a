import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonTextOf, withJsonText } from '../../src/core/json-text.ts';
import { openServiceModel } from '../../src/wire/model/open.ts';

const TEXT = '[{"name":{"S":"Ä"}}]';

function answered(service: string, headers: Record<string, string>, output: object): string {
  const model = openServiceModel(service)!;
  const match = model.match({ method: 'POST', path: '/', query: '', headers })!;
  return String(model.encodeOutput(match, output, 'id').body);
}

const query = (output: object): unknown =>
  JSON.parse(answered('dynamodb', { 'x-amz-target': 'DynamoDB_20120810.Query' }, output));

test('a member given as text goes out with the others, from text and from bytes', () => {
  for (const text of [TEXT, Buffer.from(TEXT)]) {
    const parse = (): never => assert.fail('nobody asked for the value');
    assert.deepEqual(query(withJsonText({ Count: 1, ScannedCount: 2 }, 'Items', text, parse)), {
      Items: [{ name: { S: 'Ä' } }],
      Count: 1,
      ScannedCount: 2,
    });
    assert.deepEqual(query(withJsonText({}, 'Items', text, parse)), { Items: [{ name: { S: 'Ä' } }] });
  }
});

test('whoever reads the member has its value, parsed once', () => {
  const output = withJsonText({ Count: 1 }, 'Items', Buffer.from(TEXT), JSON.parse);
  assert.deepEqual(output.Items, [{ name: { S: 'Ä' } }]);
  assert.equal(output.Items, output.Items);
});

test('a copy has the value and no text: it may be changed', () => {
  const copy = { ...withJsonText({ Count: 1 }, 'Items', TEXT, JSON.parse), Items: [] };
  assert.equal(jsonTextOf(copy), undefined);
  assert.deepEqual(query(copy), { Count: 1, Items: [] });
});

test('a protocol of another form encodes the value', () => {
  const headers = {
    'x-amz-target': 'Kinesis_20131202.ListStreams',
    'content-type': 'application/x-amz-cbor-1.1',
  };
  const names = withJsonText({ HasMoreStreams: false }, 'StreamNames', '["one"]', JSON.parse);
  const plain = { HasMoreStreams: false, StreamNames: ['one'] };
  assert.deepEqual(answered('kinesis', headers, names), answered('kinesis', headers, plain));
});

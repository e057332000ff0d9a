/** Templates as the examples of the user guide have them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rendered } from '../../../src/services/pipes/input-template.ts';
import type { PipeRecord } from '../../../src/services/pipes/pipe-record.ts';

const PIPE: PipeRecord = {
  accountId: '000000000000',
  region: 'us-east-1',
  name: 'p',
  desiredState: 'RUNNING',
  source: 'arn:aws:sqs:us-east-1:000000000000:q',
  sourceParameters: {},
  target: 'arn:aws:sqs:us-east-1:000000000000:t',
  roleArn: 'arn:aws:iam::000000000000:role/r',
  tags: {},
  createdMs: 0,
  modifiedMs: 0,
};

const MESSAGE = {
  messageId: 'm',
  body: '{"key":"va\\"lue","n":5,"list":[{"x":1},{"x":2}],"deep":{"a-b":{"c/d":true}}}',
  attributes: { SenderId: 's' },
  eventSource: 'aws:sqs',
};

const RECORD = {
  partitionKey: 'k',
  data: Buffer.from('{"temperature":21}').toString('base64'),
  eventSource: 'aws:kinesis',
};

const CASES: readonly (readonly [template: string, expected: string])[] = [
  ['Hello, sender', 'Hello, sender'],
  ['<$.attributes.SenderId>', 's'],
  ['Hello, <$.attributes.SenderId>!', 'Hello, s!'],
  ['<$.body.key>', 'va"lue'],
  ['{"a": <$.body.key>}', '{"a": "va\\"lue"}'],
  ['{"a": "<$.body.key>"}', '{"a": "va\\"lue"}'],
  ['{"a": <$.body.n>, "b": "n=<$.body.n>"}', '{"a": 5, "b": "n=5"}'],
  ['{"a": <$.body.list>, "b": "<$.body.list[1]>"}', '{"a": [{"x":1},{"x":2}], "b": "{\\"x\\":2}"}'],
  ['{"a": <$.body.list[*].x>}', '{"a": [1,2]}'],
  ['{"a": <$.body.deep.a-b.c/d>}', '{"a": true}'],
  ['{"a": <$.body.none>}', '{"a": ""}'],
  ['{"<$.attributes.SenderId>": "\\"<$.body.n>\\""}', '{"s": "\\"5\\""}'],
  ['{"t": <aws.pipes.event.ingestion-time>}', '{"t": "2026-11-24T16:00:00.000Z"}'],
  ['<aws.pipes.pipe-arn>', 'arn:aws:pipes:us-east-1:000000000000:pipe/p'],
  ['<aws.pipes.source-arn> <aws.pipes.target-arn>', `${PIPE.source} ${PIPE.target}`],
  ['<aws.pipes.event>', JSON.stringify(MESSAGE)],
  [
    '{"e": <aws.pipes.event.json>}',
    `{"e": ${JSON.stringify({ ...MESSAGE, body: JSON.parse(MESSAGE.body) })}}`,
  ],
  ['<aws.pipes.unknown> 1 < 2', '<aws.pipes.unknown> 1 < 2'],
];

const NOW_MS = Date.parse('2026-11-24T16:00:00Z');

for (const [template, expected] of CASES) {
  test(`template ${template}`, () => {
    assert.equal(rendered(template, MESSAGE, PIPE, NOW_MS), expected);
  });
}

test('without a template the event goes on as it is', () => {
  for (const template of [undefined, ''])
    assert.equal(rendered(template, MESSAGE, PIPE, NOW_MS), JSON.stringify(MESSAGE));
});

test('whole numbers of 64 bits come as they were written', () => {
  const id = '9223372036854775807';
  const message = { ...MESSAGE, body: `{"id":${id}}` };
  assert.equal(rendered('{"a": <$.body.id>}', message, PIPE, NOW_MS), `{"a": ${id}}`);
  assert.equal(rendered('id <$.body.id>', message, PIPE, NOW_MS), `id ${id}`);
});

test('data of a stream are decoded, and a body that is no JSON is text', () => {
  assert.equal(rendered('<$.data.temperature>', RECORD, PIPE, NOW_MS), '21');
  assert.equal(rendered('<$.body>', { ...MESSAGE, body: 'plain' }, PIPE, NOW_MS), 'plain');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../../src/core/errors.ts';
import type { PipeRecord } from '../../../src/services/pipes/pipe-record.ts';
import { targetContext } from '../../../src/services/pipes/target-calls.ts';
import { sendInPieces } from '../../../src/services/pipes/target-pieces.ts';

const OWNER = 'us-east-1:000000000000';
/** Of which only one goes into a request. */
const items = ['first', 'second', 'third'].map((text) => ({ text: text.padEnd(700_000), event: {} }));

/** What is sent of the three, and which of them failed, where the first is refused. */
async function refusedFirst(source: string) {
  const sent: string[] = [];
  const call = async (_service: string, _operation: string, input: object): Promise<unknown> => {
    const [{ MessageBody }] = (input as { readonly Entries: [{ readonly MessageBody: string }] }).Entries;
    sent.push(MessageBody.trim());
    if (sent.length === 1) throw new AwsError('InvalidMessageContents', 'no');
    return {};
  };
  const pipe = { source, target: `arn:aws:sqs:${OWNER}:to` } as PipeRecord;
  const { failed } = await sendInPieces(targetContext(pipe, call, 0), items);
  return [sent, failed];
}

test('what comes after a piece that was refused waits where there is an order, and else goes on', async () => {
  for (const source of [`arn:aws:kinesis:${OWNER}:stream/s`, `arn:aws:sqs:${OWNER}:from.fifo`])
    assert.deepEqual(await refusedFirst(source), [['first'], [0, 1, 2]]);
  assert.deepEqual(await refusedFirst(`arn:aws:sqs:${OWNER}:from`), [['first', 'second', 'third'], [0]]);
});

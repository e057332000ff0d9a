import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamBatchesDependencies } from '../../../src/lambda/mappings/stream-batches.ts';
import { streamBatches } from '../../../src/lambda/mappings/stream-batches.ts';
import type { MappingRecord, StreamMapping } from '../../../src/lambda/records/mapping-table.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';

const MAPPING = {
  functionName: 'f',
  eventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
  reportsItemFailures: true,
  stream: { tumblingWindowSeconds: 0 } as StreamMapping,
} as MappingRecord;

const RECORDS = ['1', '2', '3'].map((sequenceNumber) => ({
  sequenceNumber,
  orderKey: 'k',
  arrivedAtMs: 0,
  record: {},
  cursor: sequenceNumber,
}));

/** Index of the first record that is not done with, where a function answers this for three records. */
async function failedFrom(answer: string, functionError?: 'Unhandled'): Promise<number | undefined> {
  const outcome = { payload: Buffer.from(answer), functionError };
  const handler = streamBatches(
    {
      invoker: { run: async () => ({ executedVersion: '1', outcome }) },
      clock: { now: () => 0 },
      ids: randomIds,
      metrics: { count() {}, iteratorAge() {} },
      role: () => undefined,
      processed() {},
    } as unknown as StreamBatchesDependencies,
    MAPPING,
  );
  const handled = await handler.handle({ shardId: 's', records: RECORDS, texts: ['{}', '{}', '{}'] });
  return handled.failedFrom;
}

const reported = (...identifiers: unknown[]) =>
  JSON.stringify({ batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })) });

test('of several records that are reported the lowest sequence number counts', async () => {
  assert.equal(await failedFrom(reported('3', '2')), 1);
  assert.equal(await failedFrom(reported()), undefined);
  for (const answer of ['', 'null', '{}', '{"batchItemFailures":null}']) {
    assert.equal(await failedFrom(answer), undefined, answer);
  }
});

test('an answer that names what was not there, or is of another form, fails the whole batch', async () => {
  for (const answer of [reported('3', '4'), reported(''), reported(null), reported(3), '[]', '"text"', '{']) {
    assert.equal(await failedFrom(answer), 0, answer);
  }
  assert.equal(await failedFrom(reported('3'), 'Unhandled'), 0);
});

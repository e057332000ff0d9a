/** Decisions about jobs that no test over the wire could bring about in good time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, csvRows } from '../../../src/services/s3control/csv-rows.ts';
import { mayGoOn } from '../../../src/services/s3control/job-order.ts';
import type { JobRecord } from '../../../src/services/s3control/job-record.ts';
import { counted } from '../../../src/services/s3control/job-record.ts';

function job(more: Partial<JobRecord>): JobRecord {
  return {
    ...{
      accountId: '1',
      region: 'r',
      jobId: 'j',
      settings: {} as JobRecord['settings'],
      priority: 1,
      tags: [],
    },
    ...{ token: undefined, requestDigest: '', status: 'Active', createdMs: 0, activeMs: 0 },
    ...{ succeeded: 0, failed: 0 },
    ...more,
  };
}

const FAILED = { isSucceeded: false, code: '', status: '', message: '' };

test('a job fails when more than half of its tasks fail, once a thousand are done', () => {
  const status = (succeeded: number, failed: number) => counted(job({ succeeded, failed }), FAILED, 5).status;
  assert.equal(status(0, 998), 'Active');
  assert.equal(status(0, 999), 'Failing');
  assert.equal(status(500, 499), 'Active');
  assert.equal(status(500, 500), 'Failing');
  const failing = counted(job({ failed: 999, activeSinceMs: 2 }), FAILED, 5);
  assert.deepEqual([failing.failed, failing.activeMs, failing.failures?.length], [1000, 3, 1]);
  // One that its owner has cancelled stays so.
  assert.equal(counted(job({ failed: 999, status: 'Cancelling' }), FAILED, 5).status, 'Cancelling');
});

test('jobs of higher priority go first, then the older', () => {
  const low = job({ jobId: 'low', status: 'Active' });
  const older = job({ jobId: 'older', status: 'Paused', priority: 2 });
  const newer = job({ jobId: 'newer', status: 'Ready', priority: 2, createdMs: 1 });
  const waiting = job({ jobId: 'waiting', status: 'Suspended', priority: 9 });
  const goOn = (jobs: readonly JobRecord[]) =>
    jobs.filter((each) => mayGoOn(each, jobs)).map(({ jobId }) => jobId);
  assert.deepEqual(goOn([low, older, newer]), ['older', 'newer']);
  assert.deepEqual(goOn([low, older]), ['low', 'older']);
  assert.deepEqual(goOn([low, { ...newer, priority: 0 }, older]), ['low', 'older']);
  // Those that wait for something else are in nobody's way.
  assert.deepEqual(goOn([low, older, waiting]).slice(0, 2), ['low', 'older']);
});

async function rows(...pieces: string[]): Promise<string[][]> {
  const found: string[][] = [];
  async function* text() {
    yield* pieces;
  }
  for await (const row of csvRows(text())) found.push(row);
  return found;
}

test('lines of comma-separated values, however they are cut', async () => {
  const text = 'a,"b ""1"", c"\r\n\n"x\ny",\nlast,1';
  const expected = [
    ['a', 'b "1", c'],
    ['x\ny', ''],
    ['last', '1'],
  ];
  assert.deepEqual(await rows(text), expected);
  assert.deepEqual(await rows(...text), expected);
  assert.deepEqual(await rows(...expected.map(csvLine)), expected);
  await assert.rejects(rows('a,"b'), SyntaxError);
  await assert.rejects(rows('a"b'), SyntaxError);
  await assert.rejects(rows('"a"b'), SyntaxError);
});

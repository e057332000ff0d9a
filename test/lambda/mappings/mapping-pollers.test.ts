import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MappingPollersDependencies } from '../../../src/lambda/mappings/mapping-pollers.ts';
import { MappingPollers } from '../../../src/lambda/mappings/mapping-pollers.ts';
import type { MappingRecord } from '../../../src/lambda/records/mapping-table.ts';
import { MappingTable } from '../../../src/lambda/records/mapping-table.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { EventSource, SourceRecord } from '../../../src/ports/event-source.ts';
import { MemoryState } from '../../polling/memory-state.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';

const MAPPING: MappingRecord = {
  uuid: 'u',
  accountId: '000000000000',
  region: 'us-east-1',
  functionName: 'f',
  eventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q',
  enabled: true,
  batchSize: 1,
  windowSeconds: 0,
  reportsItemFailures: false,
  tags: {},
  lastModifiedMs: 0,
  maximumConcurrency: 2,
};

test('closed while a mapping waits for its batch to be changed, it begins nothing again', async () => {
  const run = Promise.withResolvers<never>();
  const records: SourceRecord[] = [{ handle: 'h', itemId: 'i', record: {} }];
  let pulls = 0;
  const source = {
    describe: () => ({ isOrdered: false, visibilityTimeoutSeconds: 30 }),
    pull: async (_arn, { signal }) => {
      pulls += 1;
      if (records.length > 0) return records.splice(0);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return [];
    },
  } as Partial<EventSource> as EventSource;
  const pollers = new MappingPollers({
    table: await MappingTable.open(new MemoryState()),
    sources: new Map([['sqs', source]]),
    invoker: { run: () => run.promise },
    metrics: { record() {} },
    clock: { now: () => 0, monotonic: () => 0, at: () => ({ cancel() {} }), during() {} },
    ids: randomIds,
    log: new RecordedLog(),
  } as Partial<MappingPollersDependencies> as MappingPollersDependencies);
  const settled = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  await pollers.create(MAPPING);
  await settled();
  await pollers.update(MAPPING, { ...MAPPING, batchSize: 2 });
  await pollers.close();
  const before = pulls;
  assert.ok(before > 0);
  run.reject(new Error('the server ends'));
  await settled();
  assert.equal(pollers.stateOf(MAPPING), 'Enabled');
  assert.equal(pulls, before);
});

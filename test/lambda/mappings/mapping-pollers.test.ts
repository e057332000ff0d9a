import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MappingPollersDependencies } from '../../../src/lambda/mappings/mapping-pollers.ts';
import { MappingPollers } from '../../../src/lambda/mappings/mapping-pollers.ts';
import type { MappingRecord } from '../../../src/lambda/records/mapping-table.ts';
import { MappingTable } from '../../../src/lambda/records/mapping-table.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { EventSource, SourceRecord } from '../../../src/ports/event-source.ts';
import { MemoryState } from '../../polling/memory-state.ts';
import { MemoryStream } from '../../polling/memory-stream.ts';
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

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

async function newPollers(
  state: MemoryState,
  more: Partial<MappingPollersDependencies>,
): Promise<MappingPollers> {
  return new MappingPollers({
    table: await MappingTable.open(state),
    state,
    sources: new Map(),
    streams: new Map(),
    metrics: { record() {} },
    clock: { now: () => 0, monotonic: () => 0, at: () => ({ cancel() {} }), during() {} },
    ids: randomIds,
    log: new RecordedLog(),
    ...more,
  } as Partial<MappingPollersDependencies> as MappingPollersDependencies);
}

test('of a mapping that is deleted nothing is kept', async () => {
  const state = new MemoryState();
  const stream = new MemoryStream();
  const pollers = await newPollers(state, { streams: new Map([['kinesis', stream]]) });
  const mapping: MappingRecord = {
    ...MAPPING,
    eventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    stream: {
      startingPosition: 'TRIM_HORIZON',
      parallelizationFactor: 1,
      maximumRecordAgeSeconds: -1,
      maximumRetryAttempts: -1,
      bisectsOnError: false,
      tumblingWindowSeconds: 0,
    },
  };
  await pollers.create(mapping);
  while (pollers.stateOf(mapping) !== 'Enabled') await settled();
  assert.notDeepEqual(await state.list('polling.checkpoints'), []);
  await pollers.delete(mapping);
  while (pollers.stateOf(mapping) === 'Deleting') await settled();
  assert.deepEqual(await state.list('polling.checkpoints'), []);
  assert.deepEqual(await state.list('lambda.event-source-mappings'), []);
});

test('closed while a mapping waits for its batch to be changed, it begins nothing again', async () => {
  const run = Promise.withResolvers<never>();
  const records: SourceRecord[] = [{ handle: 'h', itemId: 'i', record: {} }];
  let pulls = 0;
  const source = {
    describe: async () => ({ isOrdered: false, visibilityTimeoutSeconds: 30 }),
    pull: async (_arn, { signal }) => {
      pulls += 1;
      if (records.length > 0) return records.splice(0);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return [];
    },
  } as Partial<EventSource> as EventSource;
  const pollers = await newPollers(new MemoryState(), {
    sources: new Map([['sqs', source]]),
    invoker: { run: () => run.promise },
  });
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logsApiEvents } from '../../../src/sandbox/telemetry/logs-api-events.ts';

const DONE = { time: 't', type: 'platform.runtimeDone', record: { requestId: 'id-1', status: 'error' } };

test('the Logs API tells of the end of an invocation since its second schema, in its own words', () => {
  assert.deepEqual(logsApiEvents(DONE, '2020-08-15'), []);
  assert.deepEqual(logsApiEvents(DONE, '2021-03-18'), [
    { ...DONE, record: { requestId: 'id-1', status: 'failure' } },
  ]);
});

test('the Logs API does not know of Init', () => {
  assert.deepEqual(logsApiEvents({ ...DONE, type: 'platform.initStart' }, '2021-03-18'), []);
});

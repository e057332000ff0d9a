import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsResources } from '../../../src/platform/authorization/events-resources.ts';

const OWNER = 'arn:aws:events:us-east-1:000000000000:';

function resources(operation: string, input: Record<string, unknown>): string[] {
  return eventsResources({
    service: 'events',
    operation,
    input,
    accountId: '000000000000',
    region: 'us-east-1',
    path: '/',
    callerArn: 'arn:aws:iam::000000000000:user/u',
  });
}

test('calls of EventBridge are about rules, buses and what else has a name', () => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    ['PutRule', { Name: 'r' }, ['rule/r']],
    ['PutRule', { Name: 'r', EventBusName: 'b' }, ['rule/b/r']],
    ['PutTargets', { Rule: 'r', EventBusName: `${OWNER}event-bus/b` }, ['rule/b/r']],
    ['ListTargetsByRule', { Rule: 'r' }, ['rule/r']],
    ['DescribeEventBus', {}, ['event-bus/default']],
    ['CreateEventBus', { Name: 'b' }, ['event-bus/b']],
    ['PutPermission', { EventBusName: 'b' }, ['event-bus/b']],
    ['PutEvents', { Entries: [{ EventBusName: 'b' }, {}, {}] }, ['event-bus/b', 'event-bus/default']],
    ['CreateArchive', { ArchiveName: 'a', EventSourceArn: `${OWNER}event-bus/b` }, ['archive/a']],
    ['StartReplay', { ReplayName: 'p' }, ['replay/p']],
    ['DeleteConnection', { Name: 'c' }, ['connection/c']],
    ['UpdateApiDestination', { Name: 'd', ConnectionArn: `${OWNER}connection/c/1` }, ['api-destination/d']],
    ['TagResource', { ResourceARN: `${OWNER}rule/r` }, ['rule/r']],
  ];
  for (const [operation, input, expected] of cases)
    assert.deepEqual(
      resources(operation, input),
      expected.map((resource) => OWNER + resource),
      operation,
    );
  assert.deepEqual(resources('ListRules', { EventBusName: 'b' }), ['*']);
});

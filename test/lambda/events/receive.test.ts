import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseArn } from '../../../src/core/arn.ts';
import { AsynchronousInvocation } from '../../../src/lambda/events/asynchronous-invocation.ts';
import { EventMetrics } from '../../../src/lambda/events/event-metrics.ts';
import type { EventRunner } from '../../../src/lambda/events/event-run.ts';
import { Faults } from '../../../src/lambda/invoke/faults.ts';
import type { PolicyQuestion } from '../../../src/lambda/records/function-policy-table.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { RecordedMetrics } from '../../../src/platform/recorded-metrics.ts';
import type { Delivery } from '../../../src/ports/delivery.ts';
import type { NewEvent } from '../../../src/ports/event-queue.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { frozenClock, functionRecord } from '../invoke/fixtures.ts';

const TARGET = parseArn('arn:aws:lambda:us-east-1:000000000000:function:f:live')!;
const BUCKET = 'arn:aws:s3:::bucket';

/** What receives, with a policy that allows or not, and what it was asked and has kept. */
function receiver(isAllowed: boolean) {
  const asked: PolicyQuestion[] = [];
  const appended: NewEvent[] = [];
  const unused = (): never => assert.fail('not for what is delivered');
  const invocation = new AsynchronousInvocation({
    queue: {
      append: async (event) => appended.push(event),
      read: async () => ({ events: [] }),
      postpone: unused,
      remove: async () => {},
      waiting: unused,
    },
    clock: { ...frozenClock, during: () => {} },
    ids: randomIds,
    log: new RecordedLog(),
    metrics: new EventMetrics(new RecordedMetrics()),
    faults: new Faults(() => 1),
    invoker: { find: async () => functionRecord(), check: unused, invoke: unused, startDurable: unused },
    runner: { run: async () => ({ end: 'done', taken: 'yes' }) } as Partial<EventRunner> as EventRunner,
    policies: {
      allows(_identifier, question) {
        asked.push(question);
        return isAllowed;
      },
    },
  });
  const receive = (delivery: Partial<Delivery>): Promise<void> =>
    invocation.receive(TARGET, {
      body: '{"a":1}',
      principal: 's3.amazonaws.com',
      sourceArn: BUCKET,
      ...delivery,
    });
  return { receive, asked, appended };
}

describe('an event that another service delivers to a function', () => {
  test('needs the permission of the resource policy, by principal and source', async () => {
    const { receive, asked, appended } = receiver(true);
    await receive({ sourceAccount: '111122223333', traceHeader: 'Root=1-2-3' });
    assert.deepEqual(asked, [
      {
        principal: { kind: 'service', service: 's3.amazonaws.com' },
        action: 'lambda:InvokeFunction',
        facts: { 'aws:SourceArn': BUCKET, 'aws:SourceAccount': '111122223333' },
      },
    ]);
    assert.equal(appended.length, 1);
    assert.equal(Buffer.from(appended[0]!.payload).toString(), '{"a":1}');
    const { qualifier, traceId } = JSON.parse(appended[0]!.attributes);
    assert.deepEqual([qualifier, traceId], ['live', 'Root=1-2-3']);

    const refusing = receiver(false);
    await assert.rejects(refusing.receive({}), { name: 'AccessDeniedException' });
    assert.deepEqual(refusing.appended, []);
  });

  test('needs none where it is the record of a function, which its own role sends', async () => {
    const { receive, asked, appended } = receiver(false);
    await receive({
      principal: 'lambda.amazonaws.com',
      sourceArn: 'arn:aws:lambda:us-east-1:000000000000:function:g',
    });
    assert.deepEqual(asked, []);
    assert.equal(appended.length, 1);
  });

  test('may not be larger than one that a client sends', async () => {
    const { receive } = receiver(true);
    await assert.rejects(
      receive({ body: `"${'x'.repeat(1_048_576)}"` }),
      /1048578 byte payload is too large/,
    );
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatArn, parseArn } from '../../../src/core/arn.ts';
import { policyOf } from '../../../src/core/policy/parse.ts';
import type { PolicyDocument } from '../../../src/core/policy/policy-document.ts';
import { AsynchronousInvocation } from '../../../src/lambda/events/asynchronous-invocation.ts';
import { EventMetrics } from '../../../src/lambda/events/event-metrics.ts';
import type { EventRunner } from '../../../src/lambda/events/event-run.ts';
import { Faults } from '../../../src/lambda/invoke/faults.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { RecordedMetrics } from '../../../src/platform/recorded-metrics.ts';
import type { Delivery } from '../../../src/ports/delivery.ts';
import type { NewEvent } from '../../../src/ports/event-queue.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { frozenClock, functionRecord } from '../invoke/fixtures.ts';

const TARGET = parseArn('arn:aws:lambda:us-east-1:000000000000:function:f:live')!;
const BUCKET = 'arn:aws:s3:::bucket';

/** Lets a bucket of an account in. */
const POLICY = policyOf({
  Statement: {
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: formatArn(TARGET),
    Condition: {
      StringEquals: { 'aws:SourceAccount': '111122223333' },
      ArnLike: { 'aws:SourceArn': BUCKET },
    },
  },
});

/** What receives for a function with that policy, and what it has kept. */
function receiver(policy?: PolicyDocument) {
  const appended: NewEvent[] = [];
  const unused = (): never => assert.fail('not for what is delivered');
  const invocation = new AsynchronousInvocation({
    queue: {
      append: async (event) => appended.push(event),
      read: async () => ({ events: [] }),
      postpone: unused,
      remove: async () => {},
      measure: unused,
      waiting: unused,
    },
    clock: { ...frozenClock, during: () => {} },
    ids: randomIds,
    log: new RecordedLog(),
    metrics: new EventMetrics(new RecordedMetrics()),
    faults: new Faults(() => 1),
    invoker: { find: async () => functionRecord(), check: unused, invoke: unused, startDurable: unused },
    runner: { run: async () => ({ end: 'done', taken: 'yes' }) } as Partial<EventRunner> as EventRunner,
    policies: { documentOf: ({ qualifier }) => (qualifier === 'live' ? policy : undefined) },
  });
  const receive = (delivery: Partial<Delivery>): Promise<void> =>
    invocation.receive(TARGET, {
      body: '{"a":1}',
      principal: 's3.amazonaws.com',
      sourceArn: BUCKET,
      sourceAccount: '111122223333',
      ...delivery,
    });
  return { receive, appended };
}

describe('an event that another service delivers to a function', () => {
  test('needs the permission of the resource policy, by principal and source', async () => {
    const { receive, appended } = receiver(POLICY);
    await receive({ traceHeader: 'Root=1-2-3' });
    assert.equal(appended.length, 1);
    assert.equal(Buffer.from(appended[0]!.payload).toString(), '{"a":1}');
    const { qualifier, traceId } = JSON.parse(appended[0]!.attributes);
    assert.deepEqual([qualifier, traceId], ['live', 'Root=1-2-3']);

    const refusal = { name: 'AccessDeniedException' };
    for (const other of [
      { principal: 'sns.amazonaws.com' },
      { sourceArn: `${BUCKET}-2` },
      { sourceAccount: '444455556666' },
    ])
      await assert.rejects(receive(other), refusal);
    assert.equal(appended.length, 1);
    await assert.rejects(receiver().receive({}), refusal);
  });

  test('needs none where it is the record of a function, which its own role sends', async () => {
    const { receive, appended } = receiver();
    await receive({
      principal: 'lambda.amazonaws.com',
      sourceArn: 'arn:aws:lambda:us-east-1:000000000000:function:g',
    });
    assert.equal(appended.length, 1);
  });

  test('may not be larger than one that a client sends', async () => {
    const { receive } = receiver(POLICY);
    await assert.rejects(
      receive({ body: `"${'x'.repeat(1_048_576)}"` }),
      /1048578 byte payload is too large/,
    );
  });
});

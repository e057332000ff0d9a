import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../../src/core/errors.ts';
import type { RecordDeliveryDependencies } from '../../../src/lambda/events/record-delivery.ts';
import { deliverRecord } from '../../../src/lambda/events/record-delivery.ts';
import { deliverDiscarded } from '../../../src/lambda/mappings/discarded-delivery.ts';
import type { MappingRecord } from '../../../src/lambda/records/mapping-table.ts';

const ROLE = 'arn:aws:iam::000000000000:role/r';
const OWNER = { accountId: '000000000000', region: 'us-east-1', functionName: 'f', roleArn: ROLE };
const arn = (service: string, resource: string) => `arn:aws:${service}:us-east-1:000000000000:${resource}`;
const QUEUE = arn('sqs', 'q');
const BUCKET = 'arn:aws:s3:::b';

/** What is asked of the role, and what is done then. */
function recorder(isAllowed = true) {
  const asked: string[] = [];
  const done: unknown[] = [];
  const deps: RecordDeliveryDependencies = {
    clock: { now: () => Date.UTC(2026, 4, 4, 10, 30) } as RecordDeliveryDependencies['clock'],
    ids: { uuid: () => 'id' } as RecordDeliveryDependencies['ids'],
    async requireOfRole({ roleArn, principal, sessionName }, action, resource) {
      assert.deepEqual([roleArn, principal, sessionName], [ROLE, 'lambda.amazonaws.com', 'f']);
      asked.push(`${action} ${resource}`);
      if (!isAllowed) throw new AwsError('AccessDeniedException', 'no');
    },
    async call(_caller, service, operation, input) {
      const { Body, ...where } = input as { readonly Body: Buffer };
      done.push([service, operation, where, Body.toString()]);
    },
    async deliver(targetArn, { body, principal, sourceArn }) {
      done.push([targetArn, body, principal, sourceArn]);
    },
  };
  return { deps, asked, done };
}

const RECORD = { body: '{"v":1}', folder: 'aws/lambda/async/f' };

test('each kind of destination takes another permission of the role', async () => {
  for (const [targetArn, question] of [
    [QUEUE, `sqs:SendMessage ${QUEUE}`],
    [arn('sns', 't'), `sns:Publish ${arn('sns', 't')}`],
    [arn('lambda', 'function:g'), `lambda:InvokeFunction ${arn('lambda', 'function:g')}`],
    [arn('events', 'event-bus/default'), `events:PutEvents ${arn('events', 'event-bus/default')}`],
  ] as const) {
    const { deps, asked, done } = recorder();
    await deliverRecord(deps, { ...OWNER, qualifier: 'live' }, targetArn, RECORD);
    assert.deepEqual(asked, [question]);
    const source = arn('lambda', 'function:f:live');
    assert.deepEqual(done, [[targetArn, RECORD.body, 'lambda.amazonaws.com', source]]);
  }
});

test('a bucket takes an object by day and time, of which the role is asked as it is named', async () => {
  const { deps, asked, done } = recorder();
  await deliverRecord(deps, OWNER, BUCKET, RECORD);
  const Key = 'aws/lambda/async/f/2026/05/04/2026-05-04T10.30.00-id';
  assert.deepEqual(asked, [`s3:PutObject ${BUCKET}/${Key}`]);
  assert.deepEqual(done, [['s3', 'PutObject', { Bucket: 'b', Key }, RECORD.body]]);
});

test('what the role does not allow is delivered nowhere, be it of an event or of a batch of a stream', async () => {
  const mapping = {
    ...OWNER,
    uuid: 'u',
    eventSourceArn: arn('kinesis', 'stream/s'),
  } as unknown as MappingRecord;
  const batch = {
    shardId: 's',
    records: [{ sequenceNumber: '1', orderKey: 'k', arrivedAtMs: 0, record: {}, cursor: '1' }],
    texts: ['{}'],
    reason: 'RetryAttemptsExhausted',
    attempts: 1,
  } as unknown as Parameters<typeof deliverDiscarded>[3];
  for (const targetArn of [QUEUE, BUCKET]) {
    const { deps, asked, done } = recorder(false);
    await assert.rejects(deliverRecord(deps, OWNER, targetArn, RECORD), { code: 'AccessDeniedException' });
    const discarded = deliverDiscarded({ ...deps, role: () => ROLE }, mapping, targetArn, batch, () => '{}');
    await assert.rejects(discarded, { code: 'AccessDeniedException' });
    assert.equal(asked.length, 2);
    assert.deepEqual(done, []);
  }
});

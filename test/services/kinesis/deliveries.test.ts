import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArn } from '../../../src/core/arn.ts';
import { caller, openTestKinesis } from './opened-kinesis.ts';

const SENDER = {
  principal: 'events.amazonaws.com',
  sourceArn: 'arn:aws:events:eu-west-1:111111111111:rule/r',
};

test('what another service delivers is a record, with the group as its partition key', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  await kinesis.service.receive!(parseArn(arn)!, { ...SENDER, body: '{"a":1}', messageGroupId: 'group' });
  await kinesis.service.receive!(parseArn(arn)!, { ...SENDER, body: 'without' });
  const { ShardIterator } = await kinesis.operations.GetShardIterator(
    { StreamName: 's', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' },
    caller(),
  );
  const { Records } = await kinesis.operations.GetRecords({ ShardIterator }, caller());
  const [first, second] = Records!;
  assert.deepEqual([Buffer.from(first!.Data!).toString(), first!.PartitionKey], ['{"a":1}', 'group']);
  assert.match(second!.PartitionKey!, /^[0-9a-f-]{36}$/);
});

test('a delivery to no stream is refused as a put would be', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  await assert.rejects(kinesis.service.receive!(parseArn(`${arn}2`)!, { ...SENDER, body: 'x' }), {
    code: 'ResourceNotFoundException',
    message: 'Stream s2 under account 111111111111 not found.',
  });
});

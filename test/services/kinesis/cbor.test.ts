/**
 * CBOR as the SDK for Java speaks it to Kinesis: the operation in a header, points in time in whole milliseconds.
 * Seen in aws-sdk-java-v2, issue 4661, and in what LocalStack had to mend for that SDK (pull requests 11133, 11286).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegisterStreamConsumerCommand } from '@aws-sdk/client-kinesis';
import { decodeCbor, encodeCbor, Tagged } from '../../../src/wire/protocols/cbor.ts';
import { FIRST_SHARD, KinesisTester } from './kinesis-tester.ts';

const TYPE = 'application/x-amz-cbor-1.1';

type Members = Record<string, unknown>;

function post(kinesis: KinesisTester, operation: string, input: Members): Promise<Response> {
  return fetch(kinesis.platform.origin, {
    method: 'POST',
    headers: {
      'content-type': TYPE,
      'x-amz-target': `Kinesis_20131202.${operation}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: new Uint8Array(encodeCbor(input)),
  });
}

async function answer(response: Response): Promise<Members> {
  assert.equal(response.headers.get('content-type'), TYPE);
  return { ...(decodeCbor(Buffer.from(await response.arrayBuffer())) as Members) };
}

test('records are put and read in CBOR, bytes as bytes and times in milliseconds', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s');
  const nowMs = kinesis.platform.clock.now();
  const put = await answer(
    await post(kinesis, 'PutRecord', { StreamName, PartitionKey: 'k', Data: Buffer.from([0, 255]) }),
  );
  assert.equal(put['ShardId'], FIRST_SHARD);
  const { ShardIterator } = await answer(
    await post(kinesis, 'GetShardIterator', {
      StreamName,
      ShardId: FIRST_SHARD,
      ShardIteratorType: 'AT_TIMESTAMP',
      Timestamp: new Tagged(1, nowMs),
    }),
  );
  const read = await answer(await post(kinesis, 'GetRecords', { ShardIterator }));
  const [record] = read['Records'] as Members[];
  assert.deepEqual(
    { ...record },
    {
      SequenceNumber: put['SequenceNumber'],
      ApproximateArrivalTimestamp: new Tagged(1, nowMs),
      Data: Buffer.from([0, 255]),
      PartitionKey: 'k',
    },
  );
});

test('errors are CBOR where requests are', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const response = await post(kinesis, 'DescribeStream', { StreamName: 'missing' });
  assert.equal(response.status, 400);
  assert.deepEqual(await answer(response), {
    __type: 'ResourceNotFoundException',
    message: 'Stream missing under account 000000000000 not found.',
  });
});

test('events of a subscription are CBOR where its request is', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const stream = await kinesis.stream('s');
  const { StreamARN } = await kinesis.summary(stream);
  const { Consumer } = await kinesis.client.send(
    new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'c' }),
  );
  await kinesis.settle();
  const nowMs = kinesis.platform.clock.now();
  await kinesis.put(stream, 'one');
  const response = await post(kinesis, 'SubscribeToShard', {
    ConsumerARN: Consumer!.ConsumerARN,
    ShardId: FIRST_SHARD,
    StartingPosition: { Type: 'TRIM_HORIZON' },
  });
  assert.equal(response.headers.get('content-type'), 'application/vnd.amazon.eventstream');
  const [initial, event] = await payloads(response, 2);
  assert.deepEqual(initial, {});
  const [record] = event!['Records'] as Members[];
  assert.deepEqual(record!['Data'], Buffer.from('one'));
  assert.deepEqual(record!['ApproximateArrivalTimestamp'], new Tagged(1, nowMs));
});

/** The first payloads of an event stream, whose messages say how long they and their headers are. */
async function payloads(response: Response, count: number): Promise<Members[]> {
  const found: Members[] = [];
  let bytes = Buffer.alloc(0);
  for await (const chunk of response.body!) {
    bytes = Buffer.concat([bytes, chunk as Uint8Array]);
    while (bytes.length >= 12 && bytes.length >= bytes.readUInt32BE(0)) {
      const message = bytes.subarray(0, bytes.readUInt32BE(0));
      bytes = bytes.subarray(message.length);
      const payload = message.subarray(12 + message.readUInt32BE(4), message.length - 4);
      found.push({ ...(decodeCbor(payload) as Members) });
    }
    if (found.length >= count) break;
  }
  return found;
}

/** boto3, whose HTTP is 1.1, reads streams and subscribes to shards; the recorded answers of AWS were got with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boto3 } from '../../kit/boto3.ts';
import { recordedJson } from '../../kit/recorded.ts';
import { startedPlatform } from '../../kit/started-platform.ts';

interface Event {
  readonly Records: readonly Readonly<Record<string, unknown>>[];
  readonly MillisBehindLatest: number;
}

interface Recorded {
  readonly 'TestKinesis::test_subscribe_to_shard': { readonly Events: readonly Event[] };
}

const SCRIPT = `
import boto3, json, time
kinesis = boto3.client('kinesis')
kinesis.create_stream(StreamName='s', ShardCount=1)
kinesis.get_waiter('stream_exists').wait(StreamName='s')
arn = kinesis.describe_stream_summary(StreamName='s')['StreamDescriptionSummary']['StreamARN']
consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName='c')['Consumer']['ConsumerARN']
while kinesis.describe_stream_consumer(ConsumerARN=consumer)['ConsumerDescription']['ConsumerStatus'] != 'ACTIVE':
    time.sleep(0.05)
kinesis.put_records(StreamName='s', Records=[{'Data': f'Hello world_{i}', 'PartitionKey': '1'} for i in range(5)])
stream = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId='shardId-000000000000', StartingPosition={'Type': 'TRIM_HORIZON'})['EventStream']
event = next(iter(stream))['SubscribeToShardEvent']
iterator = kinesis.get_shard_iterator(StreamName='s', ShardId='shardId-000000000000', ShardIteratorType='TRIM_HORIZON')['ShardIterator']
read = kinesis.get_records(ShardIterator=iterator)['Records']
print(json.dumps({
    'event': event,
    'same': read == event['Records'],
    'numbers': [record['SequenceNumber'] for record in read],
}, default=lambda value: str(value) if isinstance(value, bytes) else 'timestamp'))
`;

test('boto3 subscribes to a shard and hears what was recorded of AWS', async (context) => {
  const platform = await startedPlatform(context);
  const seen = await boto3<{
    event: Event & { ContinuationSequenceNumber: string };
    same: boolean;
    numbers: string[];
  }>(platform, SCRIPT);
  const recorded = recordedJson<Recorded>('kinesis', 'kinesis.json')['TestKinesis::test_subscribe_to_shard'];
  const { ContinuationSequenceNumber: continuation, ...event } = seen.event;
  assert.equal(continuation, seen.numbers.at(-1));
  const blank = ({ Records, MillisBehindLatest }: Event) => ({
    Records: Records.map((record) => ({ ...record, SequenceNumber: '' })),
    MillisBehindLatest,
  });
  assert.deepEqual(blank(event), blank(recorded.Events[0]!));
  assert.equal(seen.same, true);
});

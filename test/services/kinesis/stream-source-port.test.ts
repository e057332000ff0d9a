import { streamSourceSuite } from '../../ports/stream-source-suite.ts';
import { caller, openTestKinesis } from './opened-kinesis.ts';

streamSourceSuite('a stream of Kinesis', async (context) => {
  const kinesis = await openTestKinesis(context);
  const StreamName = 's';
  const arn = await kinesis.stream(StreamName);
  const { operations, settle, streamSource: source } = kinesis;
  return {
    source,
    arn,
    put: (key) => kinesis.put(StreamName, key, key),
    async reshard() {
      const ShardToSplit = 'shardId-000000000000';
      const NewStartingHashKey = String(2n ** 127n);
      await operations.SplitShard({ StreamName, ShardToSplit, NewStartingHashKey }, caller());
      await settle();
    },
    async remove() {
      await operations.DeleteStream({ StreamName }, caller());
      await settle();
    },
  };
});

import { streamSourceSuite } from '../ports/stream-source-suite.ts';
import { MemoryStream } from './memory-stream.ts';

streamSourceSuite('a stream in memory', async () => {
  const source = new MemoryStream();
  const [shardId] = source.openShards;
  return {
    source,
    arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    put: async (key) => source.put(shardId!, key, key),
    reshard: async () => source.split(shardId!),
    remove: async () => source.remove(),
  };
});

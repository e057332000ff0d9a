import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateStreamCommand, KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { DeletePipeCommand } from '@aws-sdk/client-pipes';
import { clientSettings } from '../../kit/started-platform.ts';
import { PipesTester } from './pipes-tester.ts';

const MADE_WITHIN_MS = 60_000;
const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';

test('pipes that ran go on after a restart, in a stream from where they were; those that were deleted do not', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-pipes-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const first = await PipesTester.alone(context, { dataDir });
  const put = async ({ platform }: PipesTester, text: string): Promise<void> => {
    const client = new KinesisClient(clientSettings(platform));
    const Data = Buffer.from(text);
    await client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'k', Data }));
    client.destroy();
  };
  const kinesis = new KinesisClient(clientSettings(first.platform));
  await kinesis.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }));
  kinesis.destroy();
  await first.platform.clock.advance(MADE_WITHIN_MS);
  const [source, target] = [await first.queue('source'), await first.queue('target')];
  const body = { TargetParameters: { InputTemplate: '<$.body>' } };
  await first.pipe('queue', source, target, body);
  await first.pipe('stream', STREAM, target, {
    SourceParameters: { KinesisStreamParameters: { StartingPosition: 'LATEST' } },
    TargetParameters: { InputTemplate: '<$.data>' },
  });
  await put(first, 'record 1');
  await first.send(source, 'message 1');
  assert.deepEqual((await first.bodies(target, 2)).sort(), ['message 1', 'record 1']);
  const gone = await first.pipe('gone', source, target, { DesiredState: 'STOPPED' });
  await first.client.send(new DeletePipeCommand({ Name: gone }));
  await first.platform.close();

  const second = await PipesTester.alone(context, { dataDir });
  assert.equal((await second.describe('stream')).CurrentState, 'RUNNING');
  await assert.rejects(second.describe('gone'), { name: 'NotFoundException' });
  await put(second, 'record 2');
  await second.send(source, 'message 2');
  assert.deepEqual((await second.bodies(target, 2)).sort(), ['message 2', 'record 2']);
});

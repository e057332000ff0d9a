/** Delivery streams as resources: made, described, changed, listed, tagged, refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  ListDeliveryStreamsCommand,
  ListTagsForDeliveryStreamCommand,
  TagDeliveryStreamCommand,
  UntagDeliveryStreamCommand,
  UpdateDestinationCommand,
} from '@aws-sdk/client-firehose';
import { BUCKET, FirehoseTester, ROLE } from './firehose-tester.ts';

const DeliveryStreamName = 'd';

test('a stream is described with its defaults, and by a new version once it was changed', async (context) => {
  const { create, client, platform } = bound(await FirehoseTester.start(context));
  const DeliveryStreamARN = await create('d', { Prefix: 'p/' });
  const describe = async () =>
    (await client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))).DeliveryStreamDescription!;
  const { Destinations, CreateTimestamp, ...rest } = await describe();
  assert.deepEqual(rest, {
    DeliveryStreamName,
    DeliveryStreamARN,
    DeliveryStreamStatus: 'ACTIVE',
    DeliveryStreamEncryptionConfiguration: { Status: 'DISABLED' },
    DeliveryStreamType: 'DirectPut',
    VersionId: '1',
    HasMoreDestinations: false,
  });
  assert.equal(CreateTimestamp!.getTime(), platform.clock.now());
  const plain = {
    RoleARN: ROLE,
    BucketARN: `arn:aws:s3:::${BUCKET}`,
    Prefix: 'p/',
    BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
    CompressionFormat: 'UNCOMPRESSED',
    EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
    CloudWatchLoggingOptions: { Enabled: false },
  };
  assert.deepEqual(Destinations, [
    {
      DestinationId: 'destinationId-000000000001',
      S3DestinationDescription: plain,
      ExtendedS3DestinationDescription: { ...plain, S3BackupMode: 'Disabled' },
    },
  ]);
  const update = (version: string) =>
    client.send(
      new UpdateDestinationCommand({
        DeliveryStreamName,
        CurrentDeliveryStreamVersionId: version,
        DestinationId: 'destinationId-000000000001',
        ExtendedS3DestinationUpdate: { CompressionFormat: 'GZIP' },
      }),
    );
  await assert.rejects(update('2'), { name: 'ConcurrentModificationException' });
  await update('1');
  const changed = await describe();
  assert.equal(changed.VersionId, '2');
  const { S3DestinationDescription: after } = changed.Destinations![0]!;
  assert.deepEqual(after, { ...plain, CompressionFormat: 'GZIP' });
});

test('streams are listed by name, a page at a time, and are gone when deleted', async (context) => {
  const { create, client } = bound(await FirehoseTester.start(context));
  for (const name of ['b', 'c', 'a']) await create(name);
  await assert.rejects(create('a'), {
    name: 'ResourceInUseException',
    message: 'Firehose a under accountId 000000000000 already exists',
  });
  const first = await client.send(new ListDeliveryStreamsCommand({ Limit: 2 }));
  assert.deepEqual([first.DeliveryStreamNames, first.HasMoreDeliveryStreams], [['a', 'b'], true]);
  await client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: 'c' }));
  const command = new ListDeliveryStreamsCommand({ ExclusiveStartDeliveryStreamName: 'b' });
  assert.deepEqual((await client.send(command)).DeliveryStreamNames, []);
  await assert.rejects(client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'c' })), {
    name: 'ResourceNotFoundException',
    message: 'Firehose c under account 000000000000 not found.',
  });
});

test('what a deleted stream held does not come out of one of the same name', async (context) => {
  const tester = await FirehoseTester.start(context);
  const BufferingHints = { SizeInMBs: 1, IntervalInSeconds: 60 };
  await tester.create('d', { BufferingHints });
  await tester.put('d', 'old');
  await tester.client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName }));
  await tester.create('d', { BufferingHints });
  await tester.put('d', 'new');
  await tester.advanceSeconds(60);
  assert.deepEqual(await tester.texts(), ['new']);
});

test('tags are put, listed and taken away', async (context) => {
  const { create, client } = bound(await FirehoseTester.start(context));
  await create('d', {}, { Tags: [{ Key: 'b', Value: '1' }] });
  await client.send(new TagDeliveryStreamCommand({ DeliveryStreamName, Tags: [{ Key: 'a', Value: '2' }] }));
  const tags = async () => {
    const command = new ListTagsForDeliveryStreamCommand({ DeliveryStreamName });
    return (await client.send(command)).Tags;
  };
  assert.deepEqual(await tags(), [
    { Key: 'a', Value: '2' },
    { Key: 'b', Value: '1' },
  ]);
  await client.send(new UntagDeliveryStreamCommand({ DeliveryStreamName, TagKeys: ['b'] }));
  assert.deepEqual(await tags(), [{ Key: 'a', Value: '2' }]);
});

test('settings that break a rule are refused, and so by name are those that are not there', async (context) => {
  const { create } = bound(await FirehoseTester.start(context));
  const invalid = (message: string | RegExp) => ({ name: 'InvalidArgumentException', message });
  await assert.rejects(
    create('d', { Prefix: '!{timestamp:yyyy}' }),
    invalid("ErrorOutputPrefix can't be null when Prefix contains expressions"),
  );
  await assert.rejects(
    create('d', { ErrorOutputPrefix: 'e/!{timestamp:yyyy}/' }),
    invalid(/error-output-type/),
  );
  await assert.rejects(
    create('d', { Prefix: '!{firehose:error-output-type}', ErrorOutputPrefix: 'e/' }),
    invalid(/^Prefix cannot contain/),
  );
  await assert.rejects(create('d', { ErrorOutputPrefix: '!{what:ever}' }), invalid(/!\{what:ever\}/));
  await assert.rejects(create('d', { Prefix: '!{timestamp:yyyy', ErrorOutputPrefix: 'e/' }), invalid(/!\{/));
  await assert.rejects(
    create('d', { Prefix: '!{timestamp:qq}', ErrorOutputPrefix: '!{firehose:error-output-type}' }),
    invalid(/timestamp format qq/),
  );
  await assert.rejects(create('d', { CustomTimeZone: 'No/Where' }), invalid(/No\/Where/));
  await assert.rejects(create('d', { S3BackupMode: 'Enabled' }), invalid(/S3BackupConfiguration/));
  const unimplemented = { name: 'NotImplemented' };
  await assert.rejects(create('d', { CompressionFormat: 'Snappy' }), unimplemented);
  await assert.rejects(create('d', { DynamicPartitioningConfiguration: { Enabled: true } }), unimplemented);
  await assert.rejects(
    create('d', { Prefix: '!{partitionKeyFromQuery:x}', ErrorOutputPrefix: 'e/' }),
    unimplemented,
  );
  await assert.rejects(
    create('d', {}, { DeliveryStreamEncryptionConfigurationInput: { KeyType: 'AWS_OWNED_CMK' } }),
    unimplemented,
  );
  await assert.rejects(
    create('d', {
      ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'MetadataExtraction' }] },
    }),
    unimplemented,
  );
});

/** Its methods by themselves. */
function bound(tester: FirehoseTester) {
  const create: FirehoseTester['create'] = (...given) => tester.create(...given);
  return { create, client: tester.client, platform: tester.platform };
}

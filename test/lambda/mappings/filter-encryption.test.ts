import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings } from '../../kit/started-platform.ts';
import { openAsynchronous } from '../events/recording-function.ts';
import { mappedQueue } from './mapped-queue.ts';
import { advancedUntil } from './mapped-stream.ts';

const directory = await mkdtemp(join(tmpdir(), 'selfsame-filters-'));
const dataDir = join(directory, 'data');
const server = await openAsynchronous(directory, { dataDir });
const { lambda, platform } = server;
const kms = new KMSClient(clientSettings(platform));
after(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

const PATTERN = '{"body":{"colour":["a-hidden-colour"]}}';
const FilterCriteria = { Filters: [{ Pattern: PATTERN }] };
const WANTED = '{"colour":"a-hidden-colour"}';

async function newKey(): Promise<string> {
  return (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
}

const get = (UUID: string) => lambda.send(new GetEventSourceMappingCommand({ UUID }));

async function update(UUID: string, more: object): Promise<void> {
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, ...more }));
  while ((await get(UUID)).State === 'Updating') await platform.clock.advance(0);
}

async function isOnDisk(text: string): Promise<boolean> {
  const files = await Promise.all(
    ['records.db', 'records.db-wal'].map((name) => readFile(join(dataDir, name))),
  );
  return files.some((file) => file.includes(text));
}

test('filters under a key of their own filter, are shown to who asks for the mapping, and are not on the disk', async () => {
  const KMSKeyArn = await newKey();
  const queue = await mappedQueue(server, 'sealed', { mapping: { FilterCriteria, KMSKeyArn } });
  const UUID = queue.mapping.UUID!;
  assert.deepEqual(queue.mapping.FilterCriteria, FilterCriteria);
  assert.equal(queue.mapping.KMSKeyArn, KMSKeyArn);
  assert.equal(await isOnDisk('a-hidden-colour'), false);
  while ((await get(UUID)).State !== 'Enabled') await platform.clock.advance(0);
  await queue.send(WANTED, '{"colour":"red"}');
  await advancedUntil(platform, async () => (await queue.batches()).length > 0);
  assert.deepEqual(await queue.batches(), [[WANTED]]);
  const { FilterCriteria: shown, FilterCriteriaError } = await get(UUID);
  assert.deepEqual([shown, FilterCriteriaError], [FilterCriteria, undefined]);
  // Source: API reference, "FilterCriteria": it shows up as null in lists.
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: 'sealed' }),
  );
  assert.deepEqual(
    EventSourceMappings.map(({ FilterCriteria: listed, KMSKeyArn: key }) => [listed, key]),
    [[undefined, KMSKeyArn]],
  );

  // What an update does not name stays, under another key too, and without one.
  const other = await newKey();
  await update(UUID, { KMSKeyArn: other });
  const changed = await get(UUID);
  assert.deepEqual([changed.FilterCriteria, changed.KMSKeyArn], [FilterCriteria, other]);
  await update(UUID, { BatchSize: 5 });
  assert.deepEqual((await get(UUID)).FilterCriteria, FilterCriteria);
  await update(UUID, { KMSKeyArn: '' });
  const plain = await get(UUID);
  assert.deepEqual([plain.FilterCriteria, plain.KMSKeyArn], [FilterCriteria, undefined]);
});

test('a mapping whose key is disabled says so, takes nothing, and goes on once the key is enabled', async () => {
  const KeyId = await newKey();
  const queue = await mappedQueue(server, 'waiting', {
    mapping: { FilterCriteria, KMSKeyArn: KeyId, Enabled: false },
  });
  const UUID = queue.mapping.UUID!;
  await kms.send(new DisableKeyCommand({ KeyId }));
  const { FilterCriteria: shown, FilterCriteriaError } = await get(UUID);
  assert.equal(shown, undefined);
  assert.equal(FilterCriteriaError?.ErrorCode, 'DisabledException');
  assert.match(
    FilterCriteriaError.Message!,
    /unable to decrypt your filter criteria because the KMS key used is disabled/,
  );
  await update(UUID, { Enabled: true });
  await queue.send(WANTED);
  await platform.clock.advance(5_000);
  assert.deepEqual(await queue.batches(), []);
  await kms.send(new EnableKeyCommand({ KeyId }));
  await advancedUntil(platform, async () => (await queue.batches()).length > 0);
  assert.deepEqual(await queue.batches(), [[WANTED]]);
});

test('a key that cannot be used is refused', async () => {
  const KMSKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000';
  const { queueArn, mapping } = await mappedQueue(server, 'refused');
  await server.create('other');
  const said = { name: 'InvalidParameterValueException', message: /because the KMS key was not found/ };
  await assert.rejects(
    lambda.send(
      new CreateEventSourceMappingCommand({
        EventSourceArn: queueArn,
        FunctionName: 'other',
        FilterCriteria,
        KMSKeyArn,
      }),
    ),
    said,
  );
  await assert.rejects(
    lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping.UUID!, FilterCriteria, KMSKeyArn })),
    said,
  );
});

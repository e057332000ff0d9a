import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openServiceModel } from '../../../src/wire/model/open.ts';

function decoded(service: string, operation: string, input: object): unknown {
  return openServiceModel(service)!.decodePlain(operation, input);
}

test('members are found by their names with the first letter in either case, also deep inside', () => {
  assert.deepEqual(
    decoded('logs', 'PutLogEvents', {
      LogGroupName: 'g',
      LogStreamName: 's',
      LogEvents: [{ Timestamp: 1, Message: 'm' }],
    }),
    { logGroupName: 'g', logStreamName: 's', logEvents: [{ timestamp: 1, message: 'm' }] },
  );
});

test('text stands for bytes', () => {
  assert.deepEqual(decoded('kinesis', 'PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'dätä' }), {
    StreamName: 's',
    PartitionKey: 'k',
    Data: Buffer.from('dätä'),
  });
});

test('what the model does not allow is refused as over the wire', () => {
  assert.throws(() => decoded('kinesis', 'PutRecord', { StreamName: 's', Data: 'd' }), {
    name: 'ValidationException',
    message: /partitionKey/,
  });
  assert.throws(() => decoded('kinesis', 'PutRecord', { StreamName: 5 }), { name: 'SerializationException' });
  assert.equal(decoded('kinesis', 'NoSuchOperation', {}), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../../src/core/errors.ts';
import { openServiceModel } from '../../../src/wire/model/open.ts';

test('an SQS error in JSON carries the code that clients of its former Query API know', () => {
  const head = {
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'x-amz-target': 'AmazonSQS.GetQueueUrl', 'content-type': 'application/x-amz-json-1.0' },
  };
  const error = new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
  const answer = openServiceModel('sqs')!.encodeError(undefined, head, error, 'request-1');
  assert.equal(answer.status, 400);
  assert.equal(answer.headers['x-amzn-query-error'], 'AWS.SimpleQueueService.NonExistentQueue;Sender');
  assert.equal(
    (JSON.parse(String(answer.body)) as { __type: string }).__type,
    'com.amazonaws.sqs#QueueDoesNotExist',
  );
});

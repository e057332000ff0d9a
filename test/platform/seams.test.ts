import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomIds } from '../../src/platform/random-ids.ts';
import { createSeams } from '../../src/platform/seams.ts';
import type { Delivery } from '../../src/ports/delivery.ts';
import type { RequestContext, Service } from '../../src/ports/service.ts';

const DELIVERY: Delivery = {
  body: '{}',
  principal: 'lambda.amazonaws.com',
  sourceArn: 'arn:aws:lambda:eu-west-1:111122223333:function:f',
};

function seamsWith(service: Service) {
  const seams = createSeams(randomIds, () => 'http://127.0.0.1:1');
  seams.connect([service]);
  return seams;
}

test('deliver hands an event to the service that owns the ARN', async () => {
  const received: [string, Delivery][] = [];
  const seams = seamsWith({
    name: 'sqs',
    operations: {},
    receive: async (arn, delivery) => void received.push([arn.resource, delivery]),
  });
  await seams.deliver('arn:aws:sqs:eu-west-1:111122223333:queue', DELIVERY);
  assert.deepEqual(received, [['queue', DELIVERY]]);
  for (const target of ['arn:aws:sns:eu-west-1:111122223333:topic', 'no ARN'])
    await assert.rejects(seams.deliver(target, DELIVERY), { name: 'NotImplemented', message: /delivery to/ });
});

test('call runs an operation as the account and region that are named', async () => {
  const operation = async (input: { Key: string }, { accountId, region }: RequestContext) => ({
    said: `${input.Key} ${accountId} ${region}`,
  });
  const seams = seamsWith({ name: 'kms', operations: { Encrypt: operation } });
  const caller = { accountId: '111122223333', region: 'eu-west-1' };
  assert.deepEqual(await seams.call(caller, 'kms', 'Encrypt', { Key: 'k' }), {
    said: 'k 111122223333 eu-west-1',
  });
  await assert.rejects(seams.call(caller, 'kms', 'Decrypt', {}), {
    name: 'NotImplemented',
    message: /kms:Decrypt/,
  });
});

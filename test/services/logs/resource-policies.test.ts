/** Policies of the account that let AWS services write to log groups, and what then comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArn } from '../../../src/core/arn.ts';
import { NOW_MS, openTestLogs, requestContext } from './opened-logs.ts';

const caller = requestContext();
const GROUP_ARN = 'arn:aws:logs:eu-west-1:111111111111:log-group:/aws/events/x';

function policy(service: string, resource = `${GROUP_ARN}:*`): string {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: service },
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: resource,
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

test('policies are put, listed by name, and deleted; ten of them at most', async (context) => {
  const { operations } = await openTestLogs(context);
  const names = Array.from({ length: 10 }, (_, index) => `p${index}`);
  const policyDocument = policy('route53.amazonaws.com');
  for (const policyName of names) await operations.PutResourcePolicy({ policyName, policyDocument }, caller);
  await assert.rejects(operations.PutResourcePolicy({ policyName: 'q', policyDocument }, caller), {
    code: 'LimitExceededException',
    message: 'Resource limit exceeded.',
  });
  await operations.PutResourcePolicy({ policyName: 'p9', policyDocument }, caller);
  const first = await operations.DescribeResourcePolicies({ limit: 4 }, caller);
  const { nextToken } = first;
  const second = await operations.DescribeResourcePolicies({ nextToken }, caller);
  const all = [...first.resourcePolicies!, ...second.resourcePolicies!];
  assert.deepEqual(
    all.map(({ policyName }) => policyName),
    names,
  );
  assert.deepEqual(all[0], {
    policyName: 'p0',
    policyDocument,
    lastUpdatedTime: NOW_MS,
    policyScope: 'ACCOUNT',
  });
  await operations.DeleteResourcePolicy({ policyName: 'p0' }, caller);
  await assert.rejects(operations.DeleteResourcePolicy({ policyName: 'p0' }, caller), {
    code: 'ResourceNotFoundException',
    message: 'Policy with name [p0] does not exist',
  });
});

test('what is no policy, or of a single resource, is refused', async (context) => {
  const { operations } = await openTestLogs(context);
  const put = (input: object) => operations.PutResourcePolicy({ policyName: 'p', ...input }, caller);
  await assert.rejects(put({ policyDocument: '{' }), { code: 'InvalidParameterException' });
  const policyDocument = policy('events.amazonaws.com');
  await assert.rejects(put({ policyDocument, resourceArn: GROUP_ARN }), { code: 'NotImplemented' });
});

test('a service writes events to a group that a policy opens to it, each source to a stream of its own', async (context) => {
  const { operations, service } = await openTestLogs(context);
  const write = (body: string, target = GROUP_ARN) =>
    service.receive!(parseArn(target)!, {
      body,
      principal: 'events.amazonaws.com',
      sourceArn: 'arn:aws:events:eu-west-1:111111111111:rule/r',
    });
  await assert.rejects(write('{}'), { code: 'ResourceNotFoundException' });
  await operations.CreateLogGroup({ logGroupName: '/aws/events/x' }, caller);
  await assert.rejects(write('{}'), {
    code: 'AccessDeniedException',
    message: /^User: events.amazonaws.com is not authorized to perform: logs:PutLogEvents on resource: arn:/,
  });
  const put = (service: string, resource?: string) =>
    operations.PutResourcePolicy({ policyName: 'p', policyDocument: policy(service, resource) }, caller);
  await put('events.amazonaws.com', 'arn:aws:logs:*:*:log-group:other:*');
  await assert.rejects(write('{}'), { code: 'AccessDeniedException' });
  await put('events.amazonaws.com');
  await write('{"one":1}');
  await put('delivery.logs.amazonaws.com');
  await write('{"two":2}', `${GROUP_ARN}:*`);
  const { events } = await operations.FilterLogEvents({ logGroupName: '/aws/events/x' }, caller);
  assert.deepEqual(
    events!.map(({ message }) => message),
    ['{"one":1}', '{"two":2}'],
  );
  assert.equal(new Set(events!.map(({ logStreamName }) => logStreamName)).size, 1);
});

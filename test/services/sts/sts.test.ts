import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StsOperations } from '../../../src/services/sts/sts.ts';
import { stsService } from '../../../src/services/sts/sts.ts';
import { ACCOUNT, requestContext } from '../logs/opened-logs.ts';

test('the caller is the root user of the account of the request', async () => {
  const operations = stsService({ roleOf: () => undefined }).operations as StsOperations;
  assert.deepEqual(await operations.GetCallerIdentity!({}, requestContext()), {
    UserId: ACCOUNT,
    Account: ACCOUNT,
    Arn: `arn:aws:iam::${ACCOUNT}:root`,
  });
});

test('the caller with credentials of a role is its session; the path of the role is left out', async () => {
  const role = {
    roleArn: `arn:aws:iam::${ACCOUNT}:role/service-role/worker`,
    sessionName: 'f',
    roleId: 'AROA0123456789ABCDEFG',
  };
  const operations = stsService({ roleOf: () => role }).operations as StsOperations;
  // Fields and forms as the STS API reference has them for an assumed role.
  assert.deepEqual(await operations.GetCallerIdentity!({}, requestContext()), {
    UserId: 'AROA0123456789ABCDEFG:f',
    Account: ACCOUNT,
    Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/f`,
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StsOperations } from '../../../src/services/sts/sts.ts';
import { stsService } from '../../../src/services/sts/sts.ts';
import { ACCOUNT, requestContext } from '../logs/opened-logs.ts';

test('the caller is the root user of the account of the request', async () => {
  const operations = stsService().operations as StsOperations;
  assert.deepEqual(await operations.GetCallerIdentity!({}, requestContext()), {
    UserId: ACCOUNT,
    Account: ACCOUNT,
    Arn: `arn:aws:iam::${ACCOUNT}:root`,
  });
});

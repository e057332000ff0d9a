import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsJson } from './aws-cli.ts';
import { startedPlatform } from './started-platform.ts';

test('AWS CLI v2 reaches a server that a test starts', async (context) => {
  const platform = await startedPlatform(context);
  const identity = await awsJson(platform, 'sts', 'get-caller-identity');
  assert.equal(identity['Account'], '000000000000');
});

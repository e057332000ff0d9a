import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { PlatformError, start } from '../../src/index.ts';

test('as a library: a server for one block, with time in the hands of the test', async () => {
  let origin: string;
  {
    await using platform = await start({ port: 0, dataDir: 'temporary' });
    origin = platform.origin;
    const client = new STSClient({
      endpoint: platform.origin,
      region: 'eu-central-1',
      credentials: { accessKeyId: '123456789012', secretAccessKey: 'any' },
    });
    const identity = await client.send(new GetCallerIdentityCommand());
    client.destroy();
    assert.equal(identity.Account, '123456789012');

    const before = platform.clock.now();
    await platform.clock.advance(86_400_000);
    assert.ok(platform.clock.now() - before >= 86_400_000);
  }
  await assert.rejects(fetch(`${origin}/_selfsame/health`));
});

test('as a library: two servers side by side', async () => {
  await using first = await start({ port: 0, dataDir: 'temporary' });
  await using second = await start({ port: 0, dataDir: 'temporary' });
  assert.notEqual(first.origin, second.origin);
});

test('as a library: what cannot be is refused with a remedy', async () => {
  await assert.rejects(start({ port: 123_456, dataDir: 'temporary' }), (error: unknown) => {
    assert.ok(error instanceof PlatformError);
    assert.match(error.message, /123456/);
    assert.notEqual(error.remedy, '');
    return true;
  });
});

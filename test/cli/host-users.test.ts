import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkUsers } from '../../src/cli/diagnosis/host-users.ts';

test('doctor says as whom functions run, and nothing of plain processes, which run as the server', async () => {
  const settings = { isolation: 'namespaces' } as const;
  const own = await checkUsers(settings, async () => ({ available: true, nsenter: '/usr/bin/nsenter' }));
  assert.deepEqual(own, [{ subject: 'users', status: 'ok', finding: 'each environment has its own' }]);
  const refused = { available: false, reason: 'only root can.', remedy: 'Be root.' } as const;
  assert.deepEqual(await checkUsers(settings, async () => refused), [
    {
      subject: 'users',
      status: 'warn',
      finding: 'Seen from the host, functions run as the user of the server: only root can.',
      remedy: 'Be root.',
    },
  ]);
  assert.deepEqual(await checkUsers({ isolation: 'process' }), []);
});

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { openEnvironmentApi } from '../../src/sandbox/environment/environment-api.ts';
import { credentialVariables } from '../../src/sandbox/runtime-api/credentials-route.ts';
import { NOBODY, specBelow } from './nobody.ts';

const EXPIRES_MS = Date.UTC(2026, 0, 1);

/** Of an environment whose credentials are renewed each time they are asked for. */
function fetched() {
  let count = 0;
  return {
    token: 'the-token',
    current: () => {
      count += 1;
      return {
        accessKeyId: `key-${count}`,
        secretAccessKey: 'secret',
        sessionToken: 'session',
        expiresMs: EXPIRES_MS,
      };
    },
  };
}

for (const isFramed of [true, false]) {
  test(`credentials are had for the token alone, ${isFramed ? 'beside a channel' : 'beside the runtime API'}`, async (context: TestContext) => {
    const spec = specBelow('/code', { credentials: fetched() });
    const api = await openEnvironmentApi(spec, NOBODY, isFramed);
    context.after(() => api.close());
    const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } =
      credentialVariables(spec.credentials, api.address);
    const ask = (authorization: string): Promise<Response> => fetch(uri!, { headers: { authorization } });
    for (const number of [1, 2]) {
      assert.deepEqual(await (await ask(token!)).json(), {
        AccessKeyId: `key-${number}`,
        SecretAccessKey: 'secret',
        Token: 'session',
        Expiration: '2026-01-01T00:00:00.000Z',
      });
    }
    assert.equal((await ask('another')).status, 404);
  });
}

test('an environment with credentials in its variables serves none', async (context) => {
  const api = await openEnvironmentApi(specBelow('/code'), NOBODY, true);
  context.after(() => api.close());
  assert.equal((await fetch(`http://${api.address}/2021-04-23/credentials`)).status, 404);
  assert.deepEqual(credentialVariables(undefined, api.address), {});
});

test('in a network of its own an environment finds them at an address that SDKs take them from', () => {
  const variables = credentialVariables(fetched(), '169.254.100.1:9001');
  assert.equal(
    variables['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
    'http://169.254.170.2:9001/2021-04-23/credentials',
  );
});

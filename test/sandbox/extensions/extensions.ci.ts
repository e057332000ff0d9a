/** Extensions and telemetry at the levels *namespaces* and *oci*, each environment with its own network. Needs bubblewrap, runc, ip, nft and root. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { testExtensions } from './extensions-suite.ts';
import { testTelemetry, toldInOneLife } from './telemetry-suite.ts';

for (const level of ['namespaces', 'oci'] as const) {
  testExtensions(level);
  testTelemetry(level);
}

test('telemetry goes into the network of its environment, not to the same port of the host', async (context) => {
  const onHost = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  let connections = 0;
  onHost.listen(0, '0.0.0.0');
  await once(onHost, 'listening');
  context.after(() => onHost.close());
  const { port } = onHost.address() as AddressInfo;
  // The subscriber could not listen on that port if it had the host's network.
  for (const protocol of ['HTTP', 'TCP'] as const) {
    const { told } = await toldInOneLife(context, 'namespaces', { protocol, types: ['platform'], port });
    assert.ok(
      told.some(({ type }) => type === 'platform.report'),
      protocol,
    );
  }
  assert.equal(connections, 0);
});

/** Providers over TLS: whose certificate is taken. Needs openssl, which makes one that no authority vouches for. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { fetchProviderJson } from '../../../src/platform/identity-providers.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { newKey, openProvider } from './identity-provider.ts';

async function certificateFor(directory: string, subjectAltName: string) {
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=provider', '-addext', `subjectAltName=${subjectAltName}`],
    ...['-keyout', keyFile, '-out', certFile],
  ]);
  const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)]);
  const thumbprint = new X509Certificate(cert).fingerprint.replaceAll(':', '').toLowerCase();
  return { key, cert, thumbprint };
}

for (const [subjectAltName, isRightName] of [
  ['IP:127.0.0.1', true],
  ['DNS:elsewhere.example.test', false],
] as const) {
  test(`a certificate for ${subjectAltName} is taken by its thumbprint alone, and for its own name`, async (context) => {
    const { thumbprint, ...pair } = await certificateFor(await scratchDirectory(context), subjectAltName);
    const secure = (listener: Parameters<typeof createServer>[1]) => createServer(pair, listener!);
    const provider = await openProvider([newKey('ES384', 'ec')], secure, 'https');
    context.after(() => provider.close());
    const read = (thumbprints: readonly string[]) =>
      fetchProviderJson(`${provider.issuer}/.well-known/openid-configuration`, thumbprints);
    const unknown = /^Error: nobody vouches for the certificate of 127\.0\.0\.1:\d+$/;
    await assert.rejects(read([]), unknown);
    await assert.rejects(read(['0'.repeat(40)]), unknown);
    if (isRightName) {
      const { issuer } = (await read([thumbprint])) as { readonly issuer: string };
      assert.equal(issuer, provider.issuer);
    } else await assert.rejects(read([thumbprint]), unknown);
  });
}

test('what is neither read over TLS nor of this machine is not read at all', async () => {
  await assert.rejects(fetchProviderJson('http://login.example.test/', []), /is not read over HTTPS/);
  await assert.rejects(fetchProviderJson('file:///etc/hostname', []), /is not read over HTTPS/);
});

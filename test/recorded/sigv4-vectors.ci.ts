/** AWS's own test vectors for Signature Version 4. Read in place. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseAuthentication } from '../../src/wire/signature/authentication.ts';
import { canonicalRequest, hashOf } from '../../src/wire/signature/canonical-request.ts';
import type { SignedRequest } from '../../src/wire/signature/signed-request.ts';
import { headerValues } from '../../src/wire/signature/signed-request.ts';
import { hmac, hmacKey } from '../../src/wire/signature/signing-key.ts';
import { verifySignature } from '../../src/wire/signature/verify.ts';
import { recordedPath } from '../kit/recorded.ts';

const VECTORS = recordedPath('sigv4-tests');
/** The vectors' common secret, clock and account, as their description has them. */
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const NOW_MS = Date.parse('2015-08-30T12:36:00Z');

/**
 * Its signed request carries the signature of `get-vanilla`, which has no token; its own `.authz` has
 * the right one. So this request, as recorded, must be refused.
 */
const CONTRADICTS_ITSELF = 'get-vanilla-with-session-token';

interface Vector {
  readonly request: SignedRequest;
  readonly body: Buffer;
}

/** Splits a request as text; lines that begin with white space go on with the field before. */
function parseRequest(text: string): Vector {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const [first = '', ...lines] = head.split('\n');
  const method = first.slice(0, first.indexOf(' '));
  const target = first.slice(method.length + 1, first.lastIndexOf(' '));
  const mark = target.indexOf('?');
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (line === '') continue;
    if (/^\s/.test(line)) rawHeaders[rawHeaders.length - 1] += `\n${line}`;
    else rawHeaders.push(line.slice(0, colon), line.slice(colon + 1));
  }
  return {
    request: {
      method,
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '' : target.slice(mark + 1),
      rawHeaders,
    },
    body: Buffer.from(end < 0 ? '' : text.slice(end + 2), 'latin1'),
  };
}

function withAuthorization(rawHeaders: readonly string[], authorization: string): string[] {
  const index = rawHeaders.indexOf('Authorization');
  return [...rawHeaders.slice(0, index), 'Authorization', authorization, ...rawHeaders.slice(index + 2)];
}

function vectorFolders(): string[] {
  return readdirSync(VECTORS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sreq'))
    .map((file) => join(VECTORS, file, '..'))
    .sort();
}

describe('the vectors of Signature Version 4', () => {
  let holding = 0;
  const folders = vectorFolders();
  after(() => console.log(`sigv4 vectors: ${holding} of ${folders.length} hold`));

  it('are there', () => assert.ok(folders.length >= 30, `only ${folders.length} vectors in ${VECTORS}`));

  for (const folder of folders) {
    const name = basename(folder);
    const read = (extension: string) =>
      readFileSync(join(folder, `${name}.${extension}`), 'latin1').replaceAll('\r\n', '\n');

    it(`${name}: canonical request, string to sign and signature are AWS's, and the signed request is accepted`, async () => {
      const { request, body } = parseRequest(read('sreq'));
      const authentication = parseAuthentication(request, 'jsonRpc');
      const canonical = canonicalRequest(request, {
        signedHeaders: authentication.signedHeaders,
        payloadHash: hashOf(body.toString('latin1')),
        rawPath: false,
      });
      assert.equal(canonical, read('creq'));
      const { algorithm, date, scopeText, scope } = authentication;
      const stringToSign = `${algorithm}\n${date}\n${scopeText}\n${hashOf(canonical)}`;
      assert.equal(stringToSign, read('sts'));
      const key = hmacKey(SECRET, scope.date, scope.region ?? '', scope.service);
      assert.ok(read('authz').endsWith(`Signature=${hmac(key, stringToSign).toString('hex')}`));

      const authorized = read('authz').trim();
      assert.equal(read('sreq').includes(authorized), name !== CONTRADICTS_ITSELF);
      const signed = { ...request, rawHeaders: withAuthorization(request.rawHeaders, authorized) };
      const sessionToken = headerValues(request, 'x-amz-security-token')[0];
      const credentials = {
        secretAccessKey: SECRET,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      };
      const verified = await verifySignature(signed, {
        dialect: 'jsonRpc',
        nowMs: NOW_MS,
        body,
        findCredentials: async (accessKeyId) => (accessKeyId === 'AKIDEXAMPLE' ? credentials : undefined),
      });
      assert.equal(verified.accessKeyId, 'AKIDEXAMPLE');
      holding += 1;
    });

    it(`${name}: one byte of the signature changed is refused`, async () => {
      const { request, body } = parseRequest(
        read('sreq').replace(/Signature=(.)/, (_m, digit) => `Signature=${digit === '0' ? '1' : '0'}`),
      );
      await assert.rejects(
        verifySignature(request, {
          dialect: 'jsonRpc',
          nowMs: NOW_MS,
          body,
          findCredentials: async () => ({ secretAccessKey: SECRET }),
        }),
        { code: 'InvalidSignatureException' },
      );
    });
  }
});

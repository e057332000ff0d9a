/**
 * SigV4A against figures that AWS's own implementation publishes in `awslabs/aws-c-auth`: the key of
 * tests/key_derivation_tests.c ("derived in synchronicity with Golang and IAM implementations"), and the
 * presigned request of tests/aws-signing-test-suite/v4a/get-vanilla, whose nonce is random, so that it can
 * be verified but not reproduced.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac, createPrivateKey, sign as signEcdsa } from 'node:crypto';
import { describe, it } from 'node:test';
import { canonicalRequest, hashOf } from '../../../src/wire/signature/canonical-request.ts';
import type { SignedRequest } from '../../../src/wire/signature/signed-request.ts';
import { ecdsaPrivateKey, ecdsaPublicKey } from '../../../src/wire/signature/signing-key.ts';
import type { VerificationOptions } from '../../../src/wire/signature/verify.ts';
import { verifySignature } from '../../../src/wire/signature/verify.ts';
import { withHeader } from './signed-requests.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const OPTIONS: VerificationOptions = {
  dialect: 'restJson',
  nowMs: Date.parse('2015-08-30T12:36:00Z'),
  findCredentials: async (accessKeyId) =>
    accessKeyId === 'AKIDEXAMPLE' ? { secretAccessKey: SECRET } : undefined,
};

/** As AWS signed it. */
const PRESIGNED: SignedRequest = {
  method: 'GET',
  path: '/',
  query:
    'X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request' +
    '&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Region-Set=us-east-1' +
    '&X-Amz-Signature=3046022100c57d8a142ae302eb396afb515da12ec3020a836331dfdbf6c8e4f14c0661c0a1' +
    '022100e1da9728157dad97d80217afb04aa9b99f61dcdef57a056a7f198fb1b728f7c3',
  rawHeaders: ['Host', 'example.amazonaws.com'],
};

const NO_BODY = { ...OPTIONS, body: Buffer.alloc(0) };

describe('a request signed with SigV4A', () => {
  it('derives the key pair that AWS derives', () => {
    const secret = 'q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom';
    assert.equal(
      ecdsaPrivateKey('AKISORANDOMAASORANDOM', secret).toString('hex'),
      '7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd',
    );
    const { x, y } = ecdsaPublicKey('AKISORANDOMAASORANDOM', secret).export({ format: 'jwk' });
    const hex = (coordinate: unknown) => Buffer.from(String(coordinate), 'base64url').toString('hex');
    assert.equal(hex(x), '15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb');
    assert.equal(hex(y), '0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0');
  });

  it('is accepted as AWS presigned it', async () => {
    assert.equal((await verifySignature(PRESIGNED, NO_BODY)).accessKeyId, 'AKIDEXAMPLE');
  });

  it('is refused presigned with any part changed', async () => {
    for (const [from, to] of [
      ['Expires=3600', 'Expires=3601'],
      ['Region-Set=us-east-1', 'Region-Set=us-east-2'],
      ['T123600Z', 'T123601Z'],
      ['%2Fservice%2F', '%2Fother%2F'],
      ['f7c3', 'f7c4'],
      ['Signature=30', 'Signature=zz'],
    ] as const) {
      const query = PRESIGNED.query.replace(from, to);
      assert.notEqual(query, PRESIGNED.query);
      const changed = verifySignature({ ...PRESIGNED, query }, NO_BODY);
      await assert.rejects(changed, { code: 'InvalidSignatureException' }, from);
    }
  });

  it('is accepted signed by header, and refused with any part changed', async () => {
    const request = signByHeader();
    await verifySignature(request, OPTIONS);
    const changed: SignedRequest[] = [
      { ...request, method: 'POST' },
      { ...request, path: '/other' },
      { ...request, query: 'a=b' },
      withHeader(request, 'host', 'other.amazonaws.com'),
      withHeader(request, 'x-amz-region-set', '*'),
      withHeader(request, 'x-amz-date', '20150830T123601Z'),
      withHeader(request, 'x-amz-content-sha256', hashOf('other')),
    ];
    for (const other of changed) {
      await assert.rejects(verifySignature(other, OPTIONS), { code: 'InvalidSignatureException' });
    }
  });

  it('is refused where its scope has a region, as that of SigV4 has', async () => {
    const query = PRESIGNED.query.replace('%2Fservice', '%2Fus-east-1%2Fservice');
    await assert.rejects(verifySignature({ ...PRESIGNED, query }, NO_BODY), {
      code: 'IncompleteSignatureException',
      message: /exactly 4 slash-delimited elements/,
    });
  });
});

/** Signs with a derivation of its own, so that the one under test does not judge itself. */
function signByHeader(): SignedRequest {
  const unsigned: SignedRequest = {
    method: 'GET',
    path: '/a%20b',
    query: 'z=1&a=%2F',
    rawHeaders: [
      ...['host', 'example.amazonaws.com'],
      ...['x-amz-content-sha256', EMPTY_SHA256],
      ...['x-amz-date', '20150830T123600Z'],
      ...['x-amz-region-set', 'us-east-1,eu-west-*'],
    ],
  };
  const signedHeaders = ['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-region-set'];
  const canonical = canonicalRequest(unsigned, { signedHeaders, payloadHash: EMPTY_SHA256, rawPath: false });
  const scope = '20150830/service/aws4_request';
  const canonicalHash = createHash('sha256').update(canonical).digest('hex');
  const stringToSign = `AWS4-ECDSA-P256-SHA256\n20150830T123600Z\n${scope}\n${canonicalHash}`;
  const candidate = createHmac('sha256', `AWS4A${SECRET}`)
    .update('\u0000\u0000\u0000\u0001AWS4-ECDSA-P256-SHA256\u0000AKIDEXAMPLE\u0001\u0000\u0000\u0001\u0000')
    .digest('hex');
  const scalar = (BigInt(`0x${candidate}`) + 1n).toString(16).padStart(64, '0');
  // SEC 1: an ECPrivateKey of version 1 with the curve's object identifier and no public key.
  const der = Buffer.from(`30310201010420${scalar}a00a06082a8648ce3d030107`, 'hex');
  const key = createPrivateKey({ key: der, format: 'der', type: 'sec1' });
  const signature = signEcdsa('sha256', Buffer.from(stringToSign), key).toString('hex');
  const authorization =
    `AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${signedHeaders.join(';')}, ` +
    `Signature=${signature}`;
  return withHeader(unsigned, 'authorization', authorization);
}

/** The chunked uploads that the documentation of S3 works out, with and without a trailer. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ChunkSignatures } from '../../../src/wire/signature/chunk-signatures.ts';
import type { SignedRequest } from '../../../src/wire/signature/signed-request.ts';
import { verifySignature } from '../../../src/wire/signature/verify.ts';

const FIRST = Buffer.alloc(65_536, 'a');
const SECOND = Buffer.alloc(1_024, 'a');
const LAST = Buffer.alloc(0);

async function chunksOf(request: SignedRequest): Promise<ChunkSignatures> {
  const { chunks } = await verifySignature(request, {
    dialect: 's3',
    nowMs: Date.parse('2013-05-24T00:00:00Z'),
    findCredentials: async () => ({ secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }),
  });
  assert.ok(chunks);
  return chunks;
}

function upload(
  contentSha256: string,
  signedHeaders: string,
  signature: string,
  extra: string[],
): SignedRequest {
  const rawHeaders = [
    ['Host', 's3.amazonaws.com'],
    ['x-amz-date', '20130524T000000Z'],
    ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
    ['x-amz-content-sha256', contentSha256],
    ['Content-Encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '66560'],
    [
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
        `SignedHeaders=${signedHeaders},Signature=${signature}`,
    ],
  ];
  return {
    method: 'PUT',
    path: '/examplebucket/chunkObject.txt',
    query: '',
    rawHeaders: [...rawHeaders.flat(), ...extra],
  };
}

const PLAIN = upload(
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
  '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  ['Content-Length', '66824'],
);

const WITH_TRAILER = upload(
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
  '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
  ['x-amz-trailer', 'x-amz-checksum-crc32c'],
);

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

describe('signatures of chunks', () => {
  it("are those of S3's documentation", async () => {
    const chunks = await chunksOf(PLAIN);
    assert.ok(
      chunks.chunk(sha256(FIRST), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'),
    );
    assert.ok(
      chunks.chunk(sha256(SECOND), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'),
    );
    assert.ok(chunks.chunk(sha256(LAST), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'));
  });

  it("are those of S3's documentation with a trailer", async () => {
    const chunks = await chunksOf(WITH_TRAILER);
    assert.ok(
      chunks.chunk(sha256(FIRST), 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'),
    );
    assert.ok(
      chunks.chunk(sha256(SECOND), '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'),
    );
    assert.ok(chunks.chunk(sha256(LAST), '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992'));
    const trailer = 'x-amz-checksum-crc32c:sOO8/Q==\n';
    const signature = 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435';
    assert.ok(!chunks.trailer('x-amz-checksum-crc32c:sOO8/A==\n', signature));
    assert.ok(chunks.trailer(trailer, signature));
  });

  it('do not hold for other data, out of order, or broken', async () => {
    const chunks = await chunksOf(PLAIN);
    const first = 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648';
    assert.ok(!chunks.chunk(sha256(SECOND), first));
    assert.ok(
      !chunks.chunk(sha256(SECOND), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'),
    );
    for (const broken of ['', 'zz', first.slice(1), `${first}00`])
      assert.ok(!chunks.chunk(sha256(FIRST), broken));
    assert.ok(chunks.chunk(sha256(FIRST), first));
  });
});

/** Uploads signed in chunks, over the wire: the one that the documentation of S3 works out, whole and spoiled. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import type { Service } from '../../../src/ports/service.ts';
import { fakeModel, startFake } from './fake-service.ts';
import { RawConnection } from './raw-connection.ts';

const SIGNED_AT_MS = Date.parse('2013-05-24T00:00:00Z');
const S3 = { apiVersion: '2006-03-01', endpointPrefix: 's3', signingName: 's3', protocols: ['rest-xml'] };

const HEAD = [
  'PUT /examplebucket/chunkObject.txt HTTP/1.1',
  'Host: s3.amazonaws.com',
  'x-amz-date: 20130524T000000Z',
  'x-amz-storage-class: REDUCED_REDUNDANCY',
  'x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'Content-Encoding: aws-chunked',
  'x-amz-decoded-content-length: 66560',
  'Content-Length: 66824',
  'Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
    'SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;' +
    'x-amz-decoded-content-length;x-amz-storage-class,' +
    'Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
].join('\r\n');

const BODY = [
  '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  'a'.repeat(65_536),
  '400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'a'.repeat(1_024),
  '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  '',
  '',
].join('\r\n');

/** A server whose one operation counts the bytes it gets. */
async function serve(context: TestContext, streamed: boolean): Promise<(request: string) => Promise<string>> {
  const service: Service = {
    name: 's3',
    operations: {
      examplebucket: async (request: { body: AsyncIterable<Buffer> | Buffer }) => {
        let size = 0;
        for await (const piece of Buffer.isBuffer(request.body) ? [request.body] : request.body) {
          size += piece.length;
        }
        return `got ${size} bytes`;
      },
    } as Service['operations'],
  };
  const fake = await startFake(
    {},
    {
      server: {
        services: [service],
        routes: { s3: S3 },
        openServiceModel: (name) => fakeModel(name, streamed ? ['examplebucket'] : []),
        authorization: {
          findCredentials: async (accessKeyId) =>
            accessKeyId === 'AKIAIOSFODNN7EXAMPLE'
              ? { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
              : undefined,
          realNowMs: () => SIGNED_AT_MS,
        },
      },
    },
  );
  context.after(() => fake.server.close(0));
  return async (request) => {
    const connection = await RawConnection.open(fake.port);
    context.after(() => connection.close());
    connection.send(request);
    await connection.until('\r\n\r\n');
    connection.socket.end();
    return connection.untilClosed();
  };
}

for (const streamed of [false, true]) {
  describe(`an upload signed in chunks, ${streamed ? 'read as it comes' : 'gathered whole'}`, () => {
    it('is let in', async (context) => {
      const send = await serve(context, streamed);
      assert.match(await send(`${HEAD}\r\n\r\n${BODY}`), /got 66560 bytes/);
    });

    for (const [what, spoiled] of [
      ['with a byte changed', BODY.replace('aaa\r\n400', 'aab\r\n400')],
      ['with a signature changed', BODY.replace('chunk-signature=005', 'chunk-signature=105')],
      ['with its last signature changed', BODY.replace('chunk-signature=b6c', 'chunk-signature=c6c')],
    ] as const) {
      it(`${what} is refused`, async (context) => {
        const send = await serve(context, streamed);
        const answer = await send(`${HEAD}\r\n\r\n${spoiled}`);
        assert.match(answer, /^HTTP\/1.1 403 [\s\S]*SignatureDoesNotMatch/);
        assert.doesNotMatch(answer, /got/);
      });
    }

    it('with another header is refused', async (context) => {
      const send = await serve(context, streamed);
      const answer = await send(`${HEAD.replace('REDUCED_REDUNDANCY', 'STANDARD')}\r\n\r\n${BODY}`);
      assert.match(answer, /^HTTP\/1.1 403 [\s\S]*SignatureDoesNotMatch/);
    });

    it('without a signature is refused before its body is read', async (context) => {
      const send = await serve(context, streamed);
      const answer = await send(`${HEAD.replace(/\r\nAuthorization: .*/, '')}\r\n\r\n${BODY}`);
      assert.match(answer, /^HTTP\/1.1 403 [\s\S]*AccessDenied/);
    });
  });
}

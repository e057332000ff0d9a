import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AwsError, PlatformError } from '../../../src/core/errors.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import type { FakeServer } from './fake-service.ts';
import { startFake, UNVERIFIED } from './fake-service.ts';

describe('a request', () => {
  let fake: FakeServer;
  let context: RequestContext | undefined;
  before(async () => {
    fake = await startFake(
      {
        Echo: async (request, given) => {
          context = given;
          return request.body as Buffer;
        },
        Bug: async () => {
          throw new TypeError('the secret inside');
        },
        Full: async () => {
          throw new PlatformError('no space left to write records.db', 'Free space on that file system.');
        },
        Modelled: async () => {
          throw new AwsError('ResourceNotFoundException', 'Function not found', {}, 404);
        },
        Bye: async () => undefined,
      },
      {
        server: {
          endpoints: [
            {
              pathPrefix: '/_selfsame/here/',
              handle: (request, response) => void response.end(`here ${request.url}`),
            },
            {
              pathPrefix: '/_selfsame/bug/',
              handle: async () => {
                throw new Error('the secret inside');
              },
            },
          ],
        },
      },
    );
  });
  after(() => fake.server.close());

  const call = (path: string, init: RequestInit = {}) =>
    fetch(`http://localhost:${fake.port}${path}`, {
      method: 'POST',
      ...init,
      headers: { authorization: UNVERIFIED, ...init.headers },
    });

  it('reaches the handler of its operation, and the answer has its length and id', async () => {
    const answer = await call('/Echo', { body: 'hällo' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-length'), '6');
    assert.equal(await answer.text(), 'hällo');
    assert.equal(answer.headers.get('x-amzn-requestid'), context?.requestId);
    assert.equal(context?.region, 'eu-west-1');
    assert.equal(context?.accountId, '000000000000');
    assert.equal(context?.accessKeyId, 'test');
    assert.equal(context?.origin, `http://localhost:${fake.port}`);
    assert.equal(context?.signal.aborted, false);
  });

  it('is of the account that its access key names', async () => {
    await call('/Echo', { headers: { authorization: UNVERIFIED.replace('test', '123456789012') } });
    assert.equal(context?.accountId, '123456789012');
  });

  it('without body and answer is answered with length 0', async () => {
    const answer = await call('/Bye');
    assert.equal(answer.headers.get('content-length'), '0');
    assert.equal(await answer.text(), '');
  });

  it('comes whole in many pieces of chunked transfer', async () => {
    async function* pieces() {
      for (let index = 0; index < 50; index += 1) yield Buffer.alloc(1_000, index);
    }
    const init = { body: pieces() as unknown as ReadableStream, duplex: 'half' };
    const answer = await call('/Echo', init as RequestInit);
    const body = Buffer.from(await answer.arrayBuffer());
    assert.equal(body.length, 50_000);
    for (let index = 0; index < 50; index += 1) assert.equal(body[index * 1_000], index);
  });

  it('of several megabytes comes whole', async () => {
    const sent = Buffer.alloc(5_000_000, 'selfsame');
    const answer = await call('/Echo', { body: sent });
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), sent);
  });

  it('to an operation that is not there answers 501 and names it', async () => {
    const answer = await call('/Missing');
    assert.equal(answer.status, 501);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'NotImplemented');
    assert.deepEqual(await answer.json(), { message: 'echo:Missing is not implemented.' });
  });

  it('that the model does not know answers its error', async () => {
    const answer = await call('/Nowhere');
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'UnknownOperationException');
  });

  it('answers the error that its handler throws', async () => {
    const answer = await call('/Modelled');
    assert.equal(answer.status, 404);
    assert.deepEqual(await answer.json(), { message: 'Function not found' });
  });

  it('that meets a bug answers InternalFailure, and only the log tells more', async () => {
    const answer = await call('/Bug');
    assert.equal(answer.status, 500);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'InternalFailure');
    assert.doesNotMatch(await answer.text(), /secret|TypeError/);
    const line = fake.lines.find(({ level }) => level === 'error');
    assert.deepEqual(line?.fields, {
      requestId: answer.headers.get('x-amzn-requestid'),
      call: 'echo:Bug',
      err: new TypeError('the secret inside'),
    });
  });

  it('that meets a full disk says so, with the remedy', async () => {
    const answer = await call('/Full');
    assert.equal(answer.status, 500);
    assert.deepEqual(await answer.json(), {
      message: 'no space left to write records.db. Free space on that file system.',
    });
    const line = fake.lines.find(({ message }) => message.startsWith('a request failed: Free space'));
    assert.equal(line?.level, 'error');
  });

  it('to an endpoint goes there, whatever its signature', async () => {
    const answer = await call('/_selfsame/here/x?y=1', { headers: { authorization: '' } });
    assert.equal(await answer.text(), 'here /_selfsame/here/x?y=1');
    const bug = await call('/_selfsame/bug/');
    assert.equal(bug.status, 500);
    assert.doesNotMatch(await bug.text(), /secret/);
  });

  it('that only its form tells goes to the service of its version', async () => {
    const body = new URLSearchParams({ Version: '2021-01-01', Action: 'Echo' });
    const answer = await call('/', { body, headers: { authorization: '' } });
    assert.equal(await answer.text(), 'Version=2021-01-01&Action=Echo');
  });

  it('that nothing tells is refused with the reason', async () => {
    const answer = await call('/', { body: 'nothing', headers: { authorization: '' } });
    assert.equal(answer.status, 404);
    assert.match(
      await answer.text(),
      /POST \/ is not a request of a service that this server knows: it is not signed/,
    );
  });

  it('to a bucket of an S3 that is not there is refused with the reason', async () => {
    const answer = await call('/bucket/key', { method: 'GET', headers: { authorization: '' } });
    assert.equal(answer.status, 404);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULT_MAX_BODY_BYTES } from '../../../src/wire/server/limits.ts';
import type { FakeServer } from './fake-service.ts';
import { startFake, UNVERIFIED } from './fake-service.ts';

describe('a body in gzip', () => {
  let fake: FakeServer;
  before(async () => {
    fake = await startFake({ Echo: async (request) => request.body as Buffer });
  });
  after(() => fake.server.close());

  const send = (service: 'echo' | 'form', body: Uint8Array<ArrayBuffer>) =>
    fetch(`http://127.0.0.1:${fake.port}/${service === 'echo' ? 'Echo' : ''}`, {
      method: 'POST',
      body,
      headers: {
        authorization: UNVERIFIED.replace('/echo/', `/${service}/`),
        'content-encoding': 'gzip',
        'content-type': 'application/x-www-form-urlencoded',
      },
    });

  it('is read, for a service whose clients compress', async () => {
    const answer = await send('form', gzipSync('Version=2021-01-01&Action=Echo'));
    assert.equal(await answer.text(), 'Version=2021-01-01&Action=Echo');
  });

  it('is passed on as it is, for any other', async () => {
    const sent = gzipSync('as it is');
    assert.deepEqual(Buffer.from(await (await send('echo', sent)).arrayBuffer()), Buffer.from(sent));
  });

  it('that is none is refused', async () => {
    const answer = await send('form', new Uint8Array(Buffer.from('Version=2021-01-01&Action=Echo')));
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /not in the gzip format/);
  });

  it('may not grow beyond the limit of bodies', async () => {
    const answer = await send('form', gzipSync(Buffer.alloc(DEFAULT_MAX_BODY_BYTES + 1)));
    assert.equal(answer.status, 413);
  });
});

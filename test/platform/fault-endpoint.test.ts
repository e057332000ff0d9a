import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startedPlatform } from '../kit/started-platform.ts';

test('rules of faults are added, listed and removed over HTTP', async (context) => {
  const { origin, faults } = await startedPlatform(context);
  const ask = async (method: string, path = '', body?: string) => {
    const init = body === undefined ? { method } : { method, body };
    const response = await fetch(`${origin}/_selfsame/faults${path}`, init);
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  };
  const rule = { fault: 'throttle', functionName: 'f', probability: 0.5, seed: 3 };
  const added = await ask('POST', '', JSON.stringify(rule));
  assert.deepEqual(added, { status: 201, answer: { ...rule, id: '1', struck: 0 } });
  assert.deepEqual((await ask('GET')).answer, { faults: [added.answer] });
  assert.deepEqual(faults.list(), [added.answer]);
  assert.deepEqual(await ask('DELETE', '/2'), {
    status: 404,
    answer: { error: 'There is no fault rule 2.' },
  });
  assert.deepEqual(await ask('DELETE', '/1'), { status: 200, answer: { faults: [] } });

  const refused: [string, RegExp][] = [
    ['{', /is not JSON/],
    ['[]', /is no object/],
    ['{"fault":"crash","chance":1}', /no member chance/],
    ['{"fault":"lightning"}', /"lightning" is unknown.*throttle, slowStart/],
  ];
  for (const [body, message] of refused) {
    const { status, answer } = await ask('POST', '', body);
    assert.equal(status, 400);
    assert.match(String(answer['error']), message);
  }
  assert.equal((await ask('PUT')).status, 405);

  const fromAPage = await fetch(`${origin}/_selfsame/faults`, {
    method: 'DELETE',
    headers: { origin: 'http://example.com' },
  });
  assert.equal(fromAPage.status, 403);
  await fromAPage.arrayBuffer();
});

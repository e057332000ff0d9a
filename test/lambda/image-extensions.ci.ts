/** Extensions that an image brings: a root without a shell, at every level that runs images. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteFunctionCommand } from '@aws-sdk/client-lambda';
import { probeOci } from '../../src/sandbox/oci/probe.ts';
import { pushImage } from '../kit/container-image.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { debianRegistry, functionsOf, goImage, IMAGE_LEVELS } from './image-functions.ts';

const [namespaces, runc, runsc] = IMAGE_LEVELS;

for (const level of [namespaces, runc])
  test(`extensions of an image get their events at ${Object.values(level).join(' with ')}`, async (context) => {
    const registry = await debianRegistry(context);
    const image = await goImage([
      // One is a file, the other a link to a place in the image; the first is not for the host to follow.
      { name: 'opt/extensions/linked', type: 'symlink', linkname: '/function/program' },
      { name: 'opt/extensions/hard', type: 'link', linkname: 'function/program' },
    ]);
    await pushImage(`http://${registry}`, 'app', 'v1', image);
    const platform = await startedPlatform(context, level);
    const { lambda, create, invoke } = functionsOf(context, platform);
    // Meant for the programs of the image: the shell that starts them must not mind.
    const Environment = { Variables: { LD_PRELOAD: '/function/program' } };
    await create('f', `${registry}/app:v1`, { Environment });
    assert.deepEqual((await invoke('f', { action: 'echo' })).payload, { action: 'echo' });
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'f' }));

    const logs = new CloudWatchLogsClient(clientSettings(platform));
    context.after(() => logs.destroy());
    const wanted = ['linked', 'hard'].flatMap((name) =>
      ['INVOKE', 'SHUTDOWN'].map((event) => `extension ${name} got ${event}`),
    );
    let lines: string[] = [];
    while (!wanted.every((line) => lines.includes(line))) {
      const found = await logs.send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/f' }));
      lines = found.events!.map(({ message }) => message!.trimEnd());
      await turn();
    }
    for (const name of ['linked', 'hard'])
      assert.ok(lines.includes(`EXTENSION\tName: ${name}\tState: Ready\tEvents: [INVOKE, SHUTDOWN]`));
    assert.ok(!lines.some((line) => line.includes('ld.so')), lines.join('\n'));
  });

test('a gVisor that cannot pass pipes on says that no extensions run in it', async (context) => {
  const probe = await probeOci(runsc.ociRuntime);
  assert.ok(probe.available);
  // A later one would run them; the test above is for it then.
  assert.equal(probe.runtime.passesMorePipes, false);
  const registry = await debianRegistry(context);
  const image = await goImage([{ name: 'opt/extensions/hard', type: 'link', linkname: 'function/program' }]);
  await pushImage(`http://${registry}`, 'app', 'v1', image);
  const platform = await startedPlatform(context, { ...runsc, logLevel: 'silent' });
  const { create, invoke } = functionsOf(context, platform);
  await create('f', `${registry}/app:v1`);
  await assert.rejects(invoke('f', {}), {
    name: 'ServiceException',
    message: /^runsc \S+ hands no pipes to a container/,
  });
});

/** SnapStart where it must be had, and what takes longer: the end of a server, of a snapshot, and of patience. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { hostProblem, hostPython } from '../../sandbox/snapshot/snapshot-host.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { killableServer } from '../control/killable-server.ts';
import { refusal, untilActive } from '../control/lambda-server.ts';
import { CODE, invoked, processesOf, published, snapStartTests } from './snap-start-suite.ts';

assert.equal(await hostProblem(), undefined, 'this host has snapshots');
const python = (await hostPython())!.interpreter!;

snapStartTests();

test('a version works again after kill -9 of the server, from a snapshot that is taken anew', async (context) => {
  const dataDir = await scratchDirectory(context);
  let server = await killableServer(context, dataDir, python, 'namespaces');
  await published(server.lambda, 'survivor', CODE);
  const { answer: before } = await invoked(server.lambda, 'survivor:1');
  await server.kill();
  server = await killableServer(context, dataDir, python, 'namespaces');
  await untilActive(server.lambda, 'survivor', '1');
  const { answer, report } = await invoked(server.lambda, 'survivor:1');
  assert.match(report, /\tRestore Duration: /);
  assert.notEqual(answer.identity, before.identity);
  assert.deepEqual(answer.hooks, ['before', 'after']);
  await server.kill();
});

test('a snapshot that has ended is taken anew for the next environment', async (context) => {
  const platform = await startedPlatform(context, {
    isolation: 'namespaces',
    runtimes: { 'python3.12': python },
  });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await published(lambda, 'ended', CODE);
  const { answer: before } = await invoked(lambda, 'ended:1');
  for (const pid of await processesOf('ended')) process.kill(pid, 'SIGKILL');
  const { answer, report } = await invoked(lambda, 'ended:1');
  assert.match(report, /\tRestore Duration: /);
  assert.notEqual(answer.identity, before.identity);
});

test('an after-restore hook has ten seconds', async (context) => {
  const platform = await startedPlatform(context, {
    isolation: 'namespaces',
    runtimes: { 'python3.12': python },
  });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  const code = `
import time
from snapshot_restore_py import register_after_restore
register_after_restore(time.sleep, 60)
handler = print
`;
  await published(lambda, 'patient', code);
  await assert.rejects(
    lambda.send(new InvokeCommand({ FunctionName: 'patient:1' })),
    refusal(
      'SnapStartTimeoutException',
      "Lambda couldn't restore the snapshot within the timeout limit.",
      408,
    ),
  );
});

import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { CreateFunctionCommand, GetAccountSettingsCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { craftedZip } from '../../storage/packages/crafted-zip.ts';
import { functionNamed, lambdaServer, refusal, untilActive } from './lambda-server.ts';

/** AWS's limit of an inline zip, bytes. */
const LIMIT_BYTES = 52_428_800;

const { lambda } = await lambdaServer();

/** A zip of exactly so many bytes. */
function zipOfBytes(bytes: number): Buffer {
  const handler = { name: 'index.js', content: 'exports.handler = async () => "large";' };
  const bare = craftedZip([handler, { name: 'data.bin', content: '' }]);
  return craftedZip([handler, { name: 'data.bin', content: Buffer.alloc(bytes - bare.length, 'data') }]);
}

test('a zip of exactly 50 MB is taken and runs, one byte more is refused', async (context) => {
  const zip = zipOfBytes(LIMIT_BYTES);
  assert.equal(zip.length, LIMIT_BYTES);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await lambda.send(
    new CreateFunctionCommand(functionNamed('brim', { Code: { ZipFile: zip }, Timeout: 30 })),
  );
  delay.disable();
  // Client and server share this process: building and reading the request's 70 MB of JSON are in it.
  context.diagnostic(`the loop stood still for ${Math.round(delay.max / 1e6)} ms at most`);
  await untilActive(lambda, 'brim');
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'brim' }));
  assert.equal(Payload!.transformToString(), '"large"');
  await assert.rejects(
    lambda.send(
      new CreateFunctionCommand(functionNamed('over', { Code: { ZipFile: zipOfBytes(LIMIT_BYTES + 1) } })),
    ),
    refusal('RequestEntityTooLargeException', `Zipped size must be smaller than ${LIMIT_BYTES} bytes`, 413),
  );
  const { AccountUsage } = await lambda.send(new GetAccountSettingsCommand({}));
  assert.deepEqual(AccountUsage, { FunctionCount: 1, TotalCodeSize: LIMIT_BYTES });
});

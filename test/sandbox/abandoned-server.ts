/** A server with a busy and an idle environment, for a test that kills it: `node abandoned-server.ts <level> <data directory>`. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import { start } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { clientSettings } from '../kit/started-platform.ts';
import { createProbe, invokeProbe } from '../lambda/invoke/probe-function.ts';

const [isolation, dataDir] = process.argv.slice(2);
const platform = await start({
  port: 0,
  dataDir: dataDir!,
  logLevel: 'error',
  isolation: isolation as IsolationLevel,
});
const lambda = new LambdaClient(clientSettings(platform));
await createProbe(lambda, 'abandoned');
await invokeProbe(lambda, 'abandoned', {});
// One that is at work does not see that the server has gone; the next event finds it busy.
invokeProbe(lambda, 'abandoned', { action: 'hang' }).catch(() => {});
const { payload } = await invokeProbe(lambda, 'abandoned', { action: 'echo', value: 'alive' });
console.log(JSON.stringify({ origin: platform.origin, payload }));

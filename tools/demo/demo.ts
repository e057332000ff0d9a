/**
 * `npm run demo`: starts a server, deploys the functions under `examples/` with AWS CLI v2, shows what
 * they answer, what they logged and what that would cost on AWS, and stops. Nothing is left behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '../../src/index.ts';
import { showOrderFlow } from './order-flow.ts';
import { showSingleFunctions } from './single-functions.ts';
import { Stage, say } from './stage.ts';

const scratch = await mkdtemp(join(tmpdir(), 'selfsame-demo-'));
try {
  await using platform = await start({ port: 0, dataDir: 'temporary' });
  const { origin, isolation } = platform.facts;
  say(`A server at ${origin}, functions isolated by: ${isolation}\n`);
  const stage = new Stage(platform, scratch);
  await showSingleFunctions(stage);
  await showOrderFlow(stage);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

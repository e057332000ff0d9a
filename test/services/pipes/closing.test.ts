import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/ports/service.ts';
import { openPipes } from '../../../src/services/pipes/pipes.ts';
import { HeldState } from '../../polling/held-state.ts';
import { polledStream } from '../../polling/polled-stream.ts';

const CALLER = { accountId: '000000000000', region: 'us-east-1' } as RequestContext;

test('pipes are closed when it is stored what they have carried', async (context) => {
  const { stream, clock, log, until, settled } = polledStream(context);
  const state = new HeldState();
  let sent = 0;
  const pipes = await openPipes({
    state,
    clock,
    log,
    eventSources: new Map(),
    streamSources: new Map([['kinesis', stream]]),
    requireOfRole: async () => {},
    callAs: async () => {
      sent += 1;
      return {};
    },
  });
  const { CreatePipe, DescribePipe } = pipes.service.operations;
  const Name = 'p';
  const input = {
    Name,
    RoleArn: 'arn:aws:iam::000000000000:role/piped',
    Source: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    SourceParameters: { KinesisStreamParameters: { StartingPosition: 'TRIM_HORIZON' as const } },
    Target: 'arn:aws:sqs:us-east-1:000000000000:q',
  };
  await CreatePipe!(input, CALLER);
  while ((await DescribePipe!({ Name }, CALLER)).CurrentState !== 'RUNNING') await settled();
  await settled();
  state.hold();
  stream.put('shard-0', 'k', 1);
  await until(() => sent === 1);
  await settled();
  let isClosed = false;
  const closed = pipes.close().then(() => {
    isClosed = true;
  });
  await settled();
  assert.equal(isClosed, false);
  state.letGo();
  await closed;
});

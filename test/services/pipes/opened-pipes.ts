/** Pipes in this process, between a stream in memory and a target that takes everything, over a disk that a test can hold up. */
import type { TestContext } from 'node:test';
import type { Caller } from '../../../src/ports/call.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import { openPipes } from '../../../src/services/pipes/pipes.ts';
import { HeldState } from '../../polling/held-state.ts';
import { polledStream } from '../../polling/polled-stream.ts';

const OWNER: Caller = { accountId: '000000000000', region: 'us-east-1' };
export const CALLER = OWNER as RequestContext;
export const ARN = 'arn:aws:pipes:us-east-1:000000000000:pipe/p';

/** From the stream to a queue. */
export const PIPE = {
  Name: 'p',
  RoleArn: 'arn:aws:iam::000000000000:role/piped',
  Source: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
  SourceParameters: { KinesisStreamParameters: { StartingPosition: 'TRIM_HORIZON' as const } },
  Target: 'arn:aws:sqs:us-east-1:000000000000:q',
};

/** `allowed` says when the role of a pipe has been looked at. */
export async function openedPipes(
  context: TestContext,
  allowed = async (): Promise<void> => {},
  state = new HeldState(),
) {
  const { stream, clock, log, until, settled } = polledStream(context);
  const sent: unknown[] = [];
  const pipes = await openPipes({
    state,
    clock,
    log,
    eventSources: new Map(),
    streamSources: new Map([['kinesis', stream]]),
    requireOfRole: allowed,
    callAs: async (_caller, _service, _operation, input) => {
      sent.push(input);
      return {};
    },
  });
  context.after(() => pipes.close());
  const { operations } = pipes.service;
  const stateOf = async () => (await operations.DescribePipe!({ Name: PIPE.Name }, CALLER)).CurrentState;
  /** Waits until the pipe is in a state. */
  const reaches = async (wanted: string): Promise<void> => {
    while ((await stateOf()) !== wanted) await settled();
  };
  return { pipes, operations, stream, state, sent, log, until, settled, stateOf, reaches };
}

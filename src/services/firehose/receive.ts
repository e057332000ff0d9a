import type { Receive } from '../../ports/delivery.ts';
import type { FirehoseContext } from './firehose-context.ts';
import { existingStream } from './firehose-context.ts';
import { arrival, writableStream } from './put-operations.ts';

/** Takes what other services put into delivery streams, each by a role of its own: a stream has no policy. */
export function receiveDelivery(firehose: FirehoseContext): Receive {
  return async ({ region, accountId, resource }, { body }) => {
    const name = resource.slice(resource.indexOf('/') + 1);
    const stream = writableStream(existingStream(firehose, { region, accountId }, name));
    await stream.put([arrival(firehose, Buffer.from(body))]);
  };
}

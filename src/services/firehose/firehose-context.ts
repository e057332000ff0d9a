import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations } from '../../ports/service.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import type { DeliveryStream } from './delivery-stream.ts';
import type { DeliveryStreams, StreamScope } from './delivery-streams.ts';
import { streamNotFound } from './firehose-errors.ts';

/** What the operations share. */
export interface FirehoseContext {
  readonly streams: DeliveryStreams;
  readonly source: StreamSource;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type FirehoseOperations = Operations<typeof import('@aws-sdk/client-firehose')>;

/** Throws `ResourceNotFoundException`. */
export function existingStream(
  { streams }: FirehoseContext,
  scope: StreamScope,
  name: string,
): DeliveryStream {
  const stream = streams.find(scope, name);
  if (stream === undefined) throw streamNotFound(name, scope.accountId);
  return stream;
}

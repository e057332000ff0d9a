import { AwsError } from '../../core/errors.ts';
import type { StreamDescription } from '../../ports/stream-log.ts';
import { type LogGroupRecord, streamNotFound } from './groups.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { checkNameLength, requestedGroup, streamArn } from './names.ts';
import { decodeListToken, encodeListToken, invalidToken } from './page-token.ts';

/** Streams a page of DescribeLogStreams has unless asked otherwise; also the most. */
const DEFAULT_PAGE_STREAMS = 50;
/** AWS ignores sequence tokens by now and still hands one out: any 56 digits. */
export const SEQUENCE_TOKEN = '49'.padEnd(56, '0');

type StreamOperations = 'CreateLogStream' | 'DeleteLogStream' | 'DescribeLogStreams';

export function streamOperations({
  groups,
  store,
  buffer,
  clock,
}: LogsContext): Required<Pick<LogsOperations, StreamOperations>> {
  return {
    async CreateLogStream(input, context) {
      const group = groups.get(context, input.logGroupName!);
      const stream = input.logStreamName!;
      checkNameLength(stream);
      if (!(await store.createStream(group.id, stream, clock.now()))) {
        throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
      }
      return {};
    },

    async DeleteLogStream(input, context) {
      const group = groups.get(context, input.logGroupName!);
      buffer.discard(group.id, input.logStreamName!);
      if (!(await store.deleteStream(group.id, input.logStreamName!))) throw streamNotFound();
      return {};
    },

    async DescribeLogStreams(input, context) {
      const group = requestedGroup(groups, context, input);
      const orderBy = input.orderBy === 'LastEventTime' ? 'lastEvent' : 'name';
      const prefix = input.logStreamNamePrefix;
      if (orderBy === 'lastEvent' && prefix !== undefined) {
        throw new AwsError(
          'InvalidParameterException',
          'Cannot order by LastEventTime with a logStreamNamePrefix.',
        );
      }
      const limit = input.limit ?? DEFAULT_PAGE_STREAMS;
      await buffer.settle();
      const found = await store.listStreams(group.id, {
        orderBy,
        descending: input.descending ?? false,
        limit: limit + 1,
        ...(prefix === undefined ? {} : { prefix }),
        ...(input.nextToken === undefined ? {} : { after: streamInToken(input.nextToken) }),
      });
      const page = found.slice(0, limit);
      return {
        logStreams: page.map((stream) => describe(group, stream)),
        ...(page.length < found.length ? { nextToken: tokenAfter(page.at(-1)!) } : {}),
      };
    },
  };
}

function describe(group: LogGroupRecord, stream: StreamDescription) {
  return {
    logStreamName: stream.name,
    creationTime: stream.createdMs,
    ...(stream.firstEventMs === undefined ? {} : { firstEventTimestamp: stream.firstEventMs }),
    ...(stream.lastEventMs === undefined ? {} : { lastEventTimestamp: stream.lastEventMs }),
    ...(stream.lastIngestedMs === undefined
      ? {}
      : { lastIngestionTime: stream.lastIngestedMs, uploadSequenceToken: SEQUENCE_TOKEN }),
    arn: streamArn(group, stream.name),
    // Always 0 since June 2019, says the API reference.
    storedBytes: 0,
  };
}

function tokenAfter(stream: StreamDescription): string {
  const { name, lastEventMs } = stream;
  return encodeListToken(lastEventMs === undefined ? { name } : { name, lastEventMs });
}

function streamInToken(token: string): { name: string; lastEventMs?: number } {
  const { name, lastEventMs } = decodeListToken(token);
  if (typeof name !== 'string') throw invalidToken();
  return typeof lastEventMs === 'number' ? { name, lastEventMs } : { name };
}

import type { Consumer } from '@aws-sdk/client-kinesis';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { ConsumerRecord } from './consumers.ts';
import { consumerArn } from './consumers.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { activeStreamOf, streamOf } from './kinesis-context.ts';
import { invalidArgument, notFound } from './kinesis-errors.ts';
import { checkTags } from './tags.ts';

/** Source: API reference of ListStreamConsumers. */
const DEFAULT_PAGE = 100;
const TOKEN_LIFE_MS = 300_000;

type ConsumerOperations =
  | 'RegisterStreamConsumer'
  | 'DescribeStreamConsumer'
  | 'ListStreamConsumers'
  | 'DeregisterStreamConsumer';

export function consumerOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, ConsumerOperations>> {
  const { consumers, clock } = kinesis;
  return {
    async RegisterStreamConsumer(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const tags = input.Tags ?? {};
      checkTags(tags);
      return { Consumer: describe(await consumers.register(stream, input.ConsumerName!, tags)) };
    },

    async DescribeStreamConsumer(input, caller) {
      const consumer = consumerOf(kinesis, input, caller);
      return { ConsumerDescription: { ...describe(consumer), StreamARN: consumer.streamArn } };
    },

    async ListStreamConsumers(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      const nowMs = clock.now();
      const after = input.NextToken === undefined ? '' : nameInToken(input.NextToken, nowMs);
      const rest = consumers.of(stream).filter(({ name }) => name > after);
      const page = rest.slice(0, input.MaxResults ?? DEFAULT_PAGE);
      const last = page.at(-1);
      const hasMore = last !== undefined && page.length < rest.length;
      return {
        Consumers: page.map(describe),
        ...(hasMore ? { NextToken: Buffer.from(`${nowMs}/${last.name}`).toString('base64') } : {}),
      };
    },

    async DeregisterStreamConsumer(input, caller) {
      await consumers.deregister(consumerOf(kinesis, input, caller));
      return {};
    },
  };
}

interface NamesConsumer {
  readonly StreamARN?: string | undefined;
  readonly ConsumerName?: string | undefined;
  readonly ConsumerARN?: string | undefined;
}

function consumerOf(kinesis: KinesisContext, input: NamesConsumer, caller: RequestContext): ConsumerRecord {
  const { ConsumerARN: arn, ConsumerName: name, StreamARN: streamArn } = input;
  if (arn === undefined && (name === undefined || streamArn === undefined)) {
    throw invalidArgument('ConsumerARN, or StreamARN and ConsumerName, must be specified.');
  }
  const { consumers } = kinesis;
  const consumer =
    arn === undefined
      ? consumers.find(streamOf(kinesis, { StreamARN: streamArn }, caller), name!)
      : consumers.findByArn(arn);
  if (consumer === undefined) throw notFound(`Consumer ${arn ?? name} not found.`);
  return consumer;
}

function describe(consumer: ConsumerRecord): Consumer {
  return {
    ConsumerName: consumer.name,
    ConsumerARN: consumerArn(consumer),
    ConsumerStatus: consumer.status,
    ConsumerCreationTimestamp: new Date(consumer.createdMs),
  };
}

function nameInToken(token: string, nowMs: number): string {
  const match = /^(\d+)\/([\w.-]+)$/.exec(Buffer.from(token, 'base64').toString('latin1'));
  if (match === null) throw invalidArgument('NextToken is invalid.');
  if (nowMs - Number(match[1]) > TOKEN_LIFE_MS) {
    throw new AwsError('ExpiredNextTokenException', 'NextToken has expired.');
  }
  return match[2]!;
}

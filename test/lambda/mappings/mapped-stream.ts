/** A function that writes down the batches it gets from a stream. */
import type { CreateEventSourceMappingCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateEventSourceMappingCommand, GetEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import type { Asynchronous } from '../events/recording-function.ts';

/** Of Kinesis, its data; of DynamoDB, the number `n` of the new image. */
const TEXT_OF = `
const textOf = ({ kinesis, dynamodb }) =>
  kinesis === undefined ? dynamodb.NewImage?.n?.N ?? '' : Buffer.from(kinesis.data, 'base64').toString();
const sequenceOf = ({ kinesis, dynamodb }) => kinesis?.sequenceNumber ?? dynamodb.SequenceNumber;`;

/** Throws where a record says \`fail\`; reports as failed what says \`item\`; counts what a window has had. */
export const STREAM_CODE = `
const { appendFileSync } = require('node:fs');
${TEXT_OF}
exports.handler = async (event) => {
  appendFileSync(process.env.RUNS, JSON.stringify({ event }) + '\\n');
  if (event.Records.some((record) => textOf(record).includes('fail'))) throw new Error('as a record says');
  const failed = event.Records.filter((record) => textOf(record).includes('item'));
  const state = { count: (event.state?.count ?? 0) + event.Records.length };
  return { state, batchItemFailures: failed.map((record) => ({ itemIdentifier: sequenceOf(record) })) };
};`;

export interface StreamEvent {
  readonly Records: readonly {
    readonly kinesis?: {
      readonly data: string;
      readonly partitionKey: string;
      readonly sequenceNumber: string;
    };
    readonly dynamodb?: { readonly NewImage?: { readonly n?: { readonly N: string } } };
  }[];
  readonly [member: string]: unknown;
}

export interface MappedStream {
  readonly uuid: string;
  events(): Promise<StreamEvent[]>;
  /** Data of the batches so far. */
  batches(): Promise<string[][]>;
  /** Resolves once there have been so many records. */
  received(count: number): Promise<void>;
}

/** A function called \`name\`, and a mapping for it that is enabled. */
export async function mappedStream(
  { lambda, create, runs }: Asynchronous,
  name: string,
  mapping: Partial<CreateEventSourceMappingCommandInput>,
  code = STREAM_CODE,
): Promise<MappedStream> {
  await create(name, {}, code);
  const { UUID: uuid } = await lambda.send(
    new CreateEventSourceMappingCommand({ FunctionName: name, StartingPosition: 'TRIM_HORIZON', ...mapping }),
  );
  await inState(lambda, uuid!, 'Enabled');
  const events = async () => (await runs(name)).map(({ event }) => event as unknown as StreamEvent);
  const batches = async () => (await events()).map(({ Records }) => Records.map(textOf));
  return {
    uuid: uuid!,
    events,
    batches,
    async received(count) {
      while ((await batches()).flat().length < count) await new Promise(setImmediate);
    },
  };
}

function textOf({ kinesis, dynamodb }: StreamEvent['Records'][number]): string {
  if (kinesis === undefined) return dynamodb?.NewImage?.n?.N ?? '';
  return Buffer.from(kinesis.data, 'base64').toString();
}

export async function inState(lambda: LambdaClient, UUID: string, wanted: string): Promise<void> {
  for (;;) {
    const { State } = await lambda.send(new GetEventSourceMappingCommand({ UUID }));
    if (State === wanted) return;
  }
}

/** Moves the clock until the condition holds: what comes of it may take any number of steps. */
export async function advancedUntil(platform: Platform, condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await platform.clock.advance(1_000);
}

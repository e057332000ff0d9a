/** A function that writes down the batches it gets of a broker's queue, and the mapping between them. */
import type {
  CreateEventSourceMappingCommandInput,
  EventSourceMappingConfiguration,
  SourceAccessConfiguration,
} from '@aws-sdk/client-lambda';
import { CreateEventSourceMappingCommand, GetEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from '../../kit/started-platform.ts';
import type { Asynchronous } from '../events/recording-function.ts';

/** Throws where the text of a message says `fail`, until the file FIXED is there. */
export const BROKER_CODE = `
const { appendFileSync, existsSync } = require('node:fs');
exports.handler = async (event) => {
  appendFileSync(process.env.RUNS, JSON.stringify({ event }) + '\\n');
  const messages = event.messages ?? Object.values(event.rmqMessagesByQueue).flat();
  const texts = messages.map(({ data }) => Buffer.from(data, 'base64').toString());
  if (texts.some((text) => text.includes('fail')) && !existsSync(process.env.RUNS + '.fixed'))
    throw new Error('as a message says');
};`;

export interface BrokerMessage {
  readonly redelivered: boolean;
  readonly data: string;
}

export interface BrokerEvent {
  readonly eventSource: string;
  readonly eventSourceArn: string;
  readonly messages?: readonly BrokerMessage[];
  readonly rmqMessagesByQueue?: Readonly<Record<string, readonly BrokerMessage[]>>;
}

export interface MappedBroker {
  readonly mapping: EventSourceMappingConfiguration;
  readonly brokerArn: string;
  readonly secretArn: string;
  events(): Promise<BrokerEvent[]>;
  /** Texts of the messages of each batch so far. */
  batches(): Promise<string[][]>;
  lastResult(): Promise<string | undefined>;
}

export function brokerArn(name: string): string {
  return `arn:aws:mq:us-east-1:000000000000:broker:${name}:b-1234a5b6-78cd-901e-2fgh-3i45j6k178l9`;
}

/** The ARN of a secret with what a broker lets in. */
export async function brokerSecret(
  { platform }: Pick<Asynchronous, 'platform'>,
  Name: string,
  credentials: object,
): Promise<string> {
  const secrets = new SecretsManagerClient(clientSettings(platform));
  const { ARN } = await secrets.send(
    new CreateSecretCommand({ Name, SecretString: JSON.stringify(credentials) }),
  );
  secrets.destroy();
  return ARN!;
}

interface Options {
  readonly broker: string;
  readonly credentials: object;
  readonly access?: readonly SourceAccessConfiguration[];
  readonly mapping?: Partial<CreateEventSourceMappingCommandInput>;
}

/** Function, secret and queue have the same name. */
export async function mappedBroker(
  server: Asynchronous,
  name: string,
  { broker, credentials, access = [], mapping: more }: Options,
): Promise<MappedBroker> {
  const { lambda, create, runs } = server;
  const secretArn = await brokerSecret(server, name, credentials);
  await create(name, {}, BROKER_CODE);
  const mapping = await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: brokerArn(broker),
      FunctionName: name,
      Queues: [name],
      SourceAccessConfigurations: [{ Type: 'BASIC_AUTH', URI: secretArn }, ...access],
      ...more,
    }),
  );
  const events = async (): Promise<BrokerEvent[]> =>
    (await runs(name)).map(({ event }) => event as unknown as BrokerEvent);
  return {
    mapping,
    brokerArn: brokerArn(broker),
    secretArn,
    events,
    batches: async () => (await events()).map((event) => messagesOf(event).map(textOf)),
    lastResult: async () =>
      (await lambda.send(new GetEventSourceMappingCommand({ UUID: mapping.UUID }))).LastProcessingResult,
  };
}

export function messagesOf({ messages, rmqMessagesByQueue }: BrokerEvent): readonly BrokerMessage[] {
  return messages ?? Object.values(rmqMessagesByQueue ?? {}).flat();
}

export function textOf({ data }: BrokerMessage): string {
  return Buffer.from(data, 'base64').toString();
}

/** Service time per look: windows and rests pass, while messages come as fast as their broker sends them. */
const STEP_MS = 100;

/** Resolves with what `look` gives once it is something; service time passes meanwhile. */
export async function eventually<T>(
  { platform }: Pick<Asynchronous, 'platform'>,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await platform.clock.advance(STEP_MS);
    await new Promise(setImmediate);
  }
}

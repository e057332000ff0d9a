/** Replays one recorded scenario through the AWS SDK against a server and compares the answers. */
import * as cloudwatchLogs from '@aws-sdk/client-cloudwatch-logs';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as kinesis from '@aws-sdk/client-kinesis';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import type { ClientSettings } from '../kit/started-platform.ts';
import type { Scenario, ScenarioStep } from './scenario.ts';
import { withContent } from './scenario-content.ts';
import type { Surroundings } from './unification.ts';
import { Unifier } from './unification.ts';

/** How often a state is asked for until it is final, milliseconds. */
const POLL_MS = 5;

export interface ReplayResult {
  /** Answers that were compared. */
  readonly compared: number;
  readonly differences: readonly string[];
  /** The first operation or part that the server says does not exist; nothing after it was replayed. */
  readonly stoppedAt: string | undefined;
}

type Answer = Readonly<Record<string, unknown>>;

interface SdkClient {
  send(command: unknown): Promise<Answer>;
}

interface Sdk {
  readonly client: SdkClient;
  readonly commands: Readonly<Record<string, unknown>>;
}

export class ScenarioReplay {
  private readonly surroundings: Surroundings;
  private readonly services: Readonly<Record<string, Sdk>>;
  private readonly reword: (text: string) => string;

  /** `reword` turns recorded words that AWS has changed since into those of its current model. */
  constructor(settings: ClientSettings, accountId: string, reword: (text: string) => string) {
    this.surroundings = { accountId, region: settings.region };
    this.reword = reword;
    this.services = {
      lambda: { client: sdkClient(new lambda.LambdaClient(settings)), commands: { ...lambda } },
      logs: {
        client: sdkClient(new cloudwatchLogs.CloudWatchLogsClient(settings)),
        commands: { ...cloudwatchLogs },
      },
      dynamodb: { client: sdkClient(new dynamodb.DynamoDBClient(settings)), commands: { ...dynamodb } },
      kinesis: { client: sdkClient(new kinesis.KinesisClient(settings)), commands: { ...kinesis } },
      s3: {
        client: sdkClient(new s3.S3Client({ ...settings, forcePathStyle: true })),
        commands: { ...s3 },
      },
      sqs: { client: sdkClient(new sqs.SQSClient(settings)), commands: { ...sqs } },
      sts: { client: sdkClient(new sts.STSClient(settings)), commands: { ...sts } },
    };
  }

  async replay(scenario: Scenario): Promise<ReplayResult> {
    const unifier = new Unifier(this.surroundings);
    const answers: (Answer | undefined)[] = [];
    const differences: string[] = [];
    let compared = 0;
    const compare = (label: string, recorded: unknown, actual: unknown): void => {
      compared += 1;
      const found = unifier.differences(this.reworded(recorded), actual);
      differences.push(...found.map((difference) => `${label}: ${difference}`));
    };
    for (const [index, step] of scenario.steps.entries()) {
      const sdk = this.services[step.service];
      if (sdk === undefined) {
        // Roles, buckets and queues that other services would have made; values of theirs stay as recorded.
        if (step.phase === 'call') return { compared, differences, stoppedAt: named(step) };
        answers.push(undefined);
        continue;
      }
      const answer = await this.call(sdk, step, answers);
      const isPart = step.phase !== 'teardown';
      if (isPart && isNotImplemented(answer))
        return { compared, differences, stoppedAt: missingPart(answer, step) };
      answers.push(answer);
      for (const [label, recorded] of Object.entries(step.expect_aws ?? {})) {
        compare(label, atOurSpeed(withoutCopies(recorded), answer), answer);
      }
      for (const match of scenario.derived_matches) {
        if (match.after_step !== index + 1) continue;
        const derived = derivedAnswer(match.expect_aws, answers);
        if (derived !== undefined) compare(match.key, derived.recorded, derived.actual);
      }
    }
    return { compared, differences, stoppedAt: undefined };
  }

  private async call(
    { client, commands }: Sdk,
    step: ScenarioStep,
    answers: readonly (Answer | undefined)[],
  ): Promise<Answer> {
    const Command = commands[`${step.operation}Command`] as new (input: unknown) => unknown;
    const params = (await withContent(bound(step, answers))) as Record<string, unknown>;
    for (;;) {
      const answer = await client.send(new Command(params)).then(shownAnswer, shownError);
      // A waiter of the recorder's: it asked until the function was ready.
      const isWaiter =
        /^GetFunction(?:Configuration)?$/.test(step.operation) && step.expect_aws === undefined;
      if (!isWaiter || !isUnsettled(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  private reworded(recorded: unknown): unknown {
    if (typeof recorded === 'string') return this.reword(recorded);
    if (Array.isArray(recorded)) return recorded.map((item) => this.reworded(item));
    if (typeof recorded !== 'object' || recorded === null) return recorded;
    return Object.fromEntries(Object.entries(recorded).map(([key, item]) => [key, this.reworded(item)]));
  }
}

function sdkClient(client: { send(command: never): Promise<unknown> }): SdkClient {
  return { send: (command) => client.send(command as never) as Promise<Answer> };
}

/** Parameters with the values that come from earlier answers. */
function bound({ params, bind = [] }: ScenarioStep, answers: readonly (Answer | undefined)[]): unknown {
  const copy = structuredClone(params) as Record<string, unknown>;
  for (const { param, from_step, response_path, contains } of bind) {
    const value = at(answers[from_step], response_path.split('.'));
    if (value === undefined) continue;
    const path = param.split('.');
    const holder = at(copy, path.slice(0, -1)) as Record<string, unknown>;
    const last = path.at(-1)!;
    holder[last] = contains === undefined ? value : String(holder[last]).replace(contains, String(value));
  }
  return copy;
}

function at(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}

/** An answer in the form of the records, which is botocore's. */
function shownAnswer({ $metadata, ...members }: Answer): Answer {
  return { ...(present(members) as Answer), ResponseMetadata: metadata($metadata) };
}

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: unknown;
  readonly $response?: unknown;
  readonly [member: string]: unknown;
}

const OF_THE_SDK = new Set(['name', '$fault', '$metadata', '$service', '$retryable', '$response', 'stack']);

function shownError(error: ServiceError): Answer {
  if (error.$metadata === undefined) throw error;
  const members = Object.entries(error).filter(([key]) => !OF_THE_SDK.has(key));
  return withoutCopies({
    Error: { Code: error.name, Message: error.message },
    ...(present(Object.fromEntries(members)) as Answer),
    ResponseMetadata: metadata(error.$metadata),
  }) as Answer;
}

/** An error without the second copy of its message, whose spelling each SDK makes alike in its own way. */
function withoutCopies(answer: unknown): unknown {
  if (at(answer, ['Error']) === undefined) return answer;
  const { message: _1, Message: _2, ...rest } = answer as Answer;
  return rest;
}

function metadata(sdk: unknown): unknown {
  return { HTTPHeaders: {}, HTTPStatusCode: at(sdk, ['httpStatusCode']) };
}

/** Without undefined members. */
function present(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(present);
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array)
    return value;
  const held = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(held.map(([key, item]) => [key, present(item)]));
}

function isNotImplemented(answer: Answer): boolean {
  return at(answer, ['ResponseMetadata', 'HTTPStatusCode']) === 501;
}

function named({ service, operation }: ScenarioStep): string {
  return `${service}:${operation}`;
}

/** `lambda:CreateAlias`, or `lambda:CreateFunction S3Bucket` where only a part does not exist. */
function missingPart(answer: Answer, step: ScenarioStep): string {
  const message = String(at(answer, ['Error', 'Message']));
  const part = /does not implement (\S+)/.exec(message)?.[1];
  return part === undefined ? named(step) : `${named(step)} ${part}`;
}

function isUnsettled(answer: Answer): boolean {
  const configuration = (answer['Configuration'] ?? answer) as Answer;
  return configuration['State'] === 'Pending' || configuration['LastUpdateStatus'] === 'InProgress';
}

/**
 * Where AWS was seen halfway (Pending, InProgress) and the function here is ready already, the
 * record of a ready function: how long AWS takes is no part of its API.
 */
function atOurSpeed(recorded: unknown, actual: Answer): unknown {
  const inner = at(recorded, ['Configuration']);
  if (inner !== undefined && actual['Configuration'] !== undefined) {
    const configuration = atOurSpeed(inner, actual['Configuration'] as Answer);
    return { ...(recorded as object), Configuration: configuration };
  }
  const wasUnsettled = typeof recorded === 'object' && recorded !== null && isUnsettled(recorded as Answer);
  if (!wasUnsettled || isUnsettled(actual) || actual['State'] !== 'Active') return recorded;
  const {
    StateReason: _1,
    StateReasonCode: _2,
    LastUpdateStatusReason: _3,
    LastUpdateStatusReasonCode: _4,
    ...rest
  } = recorded as Answer;
  return { ...rest, State: 'Active', LastUpdateStatus: 'Successful', RevisionId: '<revision>' };
}

/** The recorder's own summaries of answers; undefined for those that say something of its client only. */
function derivedAnswer(
  recorded: unknown,
  answers: readonly (Answer | undefined)[],
): { readonly recorded: unknown; readonly actual: unknown } | undefined {
  if (typeof recorded !== 'object' || recorded === null) return undefined;
  const created = at(recorded, ['CreateFunctionResponse']);
  if (created !== undefined) return { recorded: created, actual: answers[0] };
  if (!('Code' in recorded)) return undefined;
  const error = at(answers.at(-1), ['Error']) as { Code: string; Message: string } | undefined;
  if (error === undefined) return { recorded, actual: answers.at(-1) };
  if (!('Errors' in recorded)) return { recorded, actual: error };
  const [, count, list = ''] = /^(\d+) validation errors? detected: (.*)$/s.exec(error.Message) ?? [];
  return { recorded, actual: { Code: error.Code, Count: Number(count), Errors: list.split('; ') } };
}

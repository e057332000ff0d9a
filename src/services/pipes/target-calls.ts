/** How each kind of target is sent to: by the batch operation of its service, a function the whole list at once. */
import type { PipeTargetParameters } from '@aws-sdk/client-pipes';
import type { Arn } from '../../core/arn.ts';
import { parseArn } from '../../core/arn.ts';
import { invariant } from '../../core/errors.ts';
import { comparable } from '../../core/exact-json.ts';
import { isJsonPath, valueAt } from './json-path.ts';
import type { PipeRecord } from './pipe-record.ts';
import type { PipeCall } from './role-caller.ts';
import { invokedFunction } from './role-caller.ts';

/** One item on its way to the target. */
export interface TargetItem {
  /** What the target gets. */
  readonly text: string;
  /** The event behind it, decoded: what paths in parameters look into. */
  readonly event: unknown;
}

export interface TargetContext {
  readonly pipe: PipeRecord;
  readonly arn: Arn;
  readonly parameters: PipeTargetParameters;
  readonly call: PipeCall;
  readonly nowMs: number;
}

/** What became of a batch: which of its items were not taken, and what a function has answered. */
export interface TargetAnswer {
  readonly failed: readonly number[];
  readonly answer?: string;
}

type Send = (context: TargetContext, items: readonly TargetItem[]) => Promise<TargetAnswer>;

export function targetContext(pipe: PipeRecord, call: PipeCall, nowMs: number): TargetContext {
  const arn = parseArn(pipe.target);
  invariant(arn !== undefined, `a pipe has a target that is none: ${pipe.target}`);
  return { pipe, arn, parameters: pipe.targetParameters ?? {}, call, nowMs };
}

/** Rejects where the target took none of it. */
export function sendToTarget(context: TargetContext, items: readonly TargetItem[]): Promise<TargetAnswer> {
  const send = SENDERS[context.arn.service];
  invariant(send !== undefined, `a pipe has a target that is none: ${context.pipe.target}`);
  return send(context, items);
}

/** Items as a list: what is JSON as it is, other text as text. */
export function listOf(texts: readonly string[]): string {
  return `[${texts.map((text) => (isJson(text) ? text : JSON.stringify(text))).join(',')}]`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A parameter may be a path into the event. */
function parameter(value: string | undefined, { event }: TargetItem): string | undefined {
  if (value === undefined || !isJsonPath(value)) return value;
  const found = valueAt(value, event);
  if (found === undefined) return undefined;
  return typeof found === 'string' ? found : JSON.stringify(found);
}

const toFunction: Send = async ({ pipe, parameters, call }, items) => {
  const isWaitedFor = parameters.LambdaFunctionParameters?.InvocationType !== 'FIRE_AND_FORGET';
  const payload = listOf(items.map(({ text }) => text));
  return { failed: [], answer: await invokedFunction(call, pipe.target, payload, isWaitedFor) };
};

const toQueue: Send = async ({ arn, parameters, call }, items) => {
  const { MessageGroupId, MessageDeduplicationId } = parameters.SqsQueueParameters ?? {};
  const answer = await call('sqs', 'SendMessageBatch', {
    QueueUrl: `https://sqs.${arn.region}.amazonaws.com/${arn.accountId}/${arn.resource}`,
    Entries: items.map((item, index) => ({
      Id: String(index),
      MessageBody: item.text,
      MessageGroupId: parameter(MessageGroupId, item),
      MessageDeduplicationId: parameter(MessageDeduplicationId, item),
    })),
  });
  return { failed: failedIds(answer) };
};

const toTopic: Send = async ({ pipe, call }, items) => {
  const answer = await call('sns', 'PublishBatch', {
    TopicArn: pipe.target,
    PublishBatchRequestEntries: items.map(({ text }, index) => ({ Id: String(index), Message: text })),
  });
  return { failed: failedIds(answer) };
};

const toBus: Send = async ({ pipe, parameters, call }, items) => {
  const { DetailType, Source, Resources, Time } = parameters.EventBridgeEventBusParameters ?? {};
  const answer = await call('events', 'PutEvents', {
    Entries: items.map((item) => ({
      EventBusName: pipe.target,
      Detail: item.text,
      DetailType: parameter(DetailType, item) ?? `Event from aws:${parseArn(pipe.source)!.service}`,
      Source: parameter(Source, item) ?? `Pipe ${pipe.name}`,
      Resources: Resources?.flatMap((resource) => parameter(resource, item) ?? []),
      Time: parameter(Time, item),
    })),
  });
  return { failed: failedPlaces((answer as { readonly Entries?: Answers }).Entries) };
};

const toStream: Send = async ({ pipe, parameters, call }, items) => {
  const key = parameters.KinesisStreamParameters?.PartitionKey;
  const answer = await call('kinesis', 'PutRecords', {
    StreamARN: pipe.target,
    Records: items.map((item) => ({ Data: item.text, PartitionKey: parameter(key, item) })),
  });
  return { failed: failedPlaces((answer as { readonly Records?: Answers }).Records) };
};

const toFirehose: Send = async ({ arn, call }, items) => {
  const answer = await call('firehose', 'PutRecordBatch', {
    DeliveryStreamName: arn.resource.replace(/^deliverystream\//, ''),
    Records: items.map(({ text }) => ({ Data: text })),
  });
  return { failed: failedPlaces((answer as { readonly RequestResponses?: Answers }).RequestResponses) };
};

const toLogs: Send = async ({ arn, parameters, call, nowMs }, items) => {
  const { LogStreamName, Timestamp } = parameters.CloudWatchLogsParameters ?? {};
  const logEvents = items.map((item) => ({
    message: item.text,
    timestamp: timestampMs(Timestamp === undefined ? undefined : valueAt(Timestamp, item.event)) ?? nowMs,
  }));
  await call('logs', 'PutLogEvents', {
    logGroupName: arn.resource.replace(/^log-group:/, '').replace(/:\*$/, ''),
    logStreamName: LogStreamName,
    logEvents: logEvents.sort((a, b) => a.timestamp - b.timestamp),
  });
  return { failed: [] };
};

const SENDERS: Readonly<Record<string, Send>> = {
  events: toBus,
  firehose: toFirehose,
  kinesis: toStream,
  lambda: toFunction,
  logs: toLogs,
  sns: toTopic,
  sqs: toQueue,
};

/** Milliseconds since the epoch, or a date as text; undefined for what is neither. */
function timestampMs(value: unknown): number | undefined {
  const text = String(comparable(value));
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) ? ms : undefined;
}

type Answers = readonly { readonly ErrorCode?: string }[];

function failedIds(answer: unknown): number[] {
  const { Failed = [] } = answer as { readonly Failed?: readonly { readonly Id: string }[] };
  return Failed.map(({ Id }) => Number(Id));
}

function failedPlaces(answers: Answers | undefined = []): number[] {
  return answers.flatMap(({ ErrorCode }, index) => (ErrorCode === undefined ? [] : [index]));
}

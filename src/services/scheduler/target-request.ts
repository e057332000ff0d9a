/** The call that reaches a target. Source: EventBridge Scheduler user guide, "Using templated targets" and "Using universal targets". */
import type { Target } from '@aws-sdk/client-scheduler';
import type { Arn } from '../../core/arn.ts';
import { parseArn } from '../../core/arn.ts';
import { invariant } from '../../core/errors.ts';

/** An operation of a service by the name of its model, and its input in the names of the API reference. */
export interface TargetRequest {
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

type Templated = (arn: Arn, target: Target, input: string) => TargetRequest;

/** By the service in the ARN; those that are not here have no server here either. */
const TEMPLATED: Readonly<Record<string, Templated>> = {
  lambda: (_, { Arn: FunctionName }, Payload) => ({
    service: 'lambda',
    operation: 'Invoke',
    input: { FunctionName, InvocationType: 'Event', Payload },
  }),
  sqs: ({ region, accountId, resource }, { SqsParameters }, MessageBody) => ({
    service: 'sqs',
    operation: 'SendMessage',
    input: {
      QueueUrl: `https://sqs.${region}.amazonaws.com/${accountId}/${resource}`,
      MessageBody,
      ...(SqsParameters?.MessageGroupId === undefined
        ? {}
        : { MessageGroupId: SqsParameters.MessageGroupId }),
    },
  }),
  sns: (_, { Arn: TopicArn }, Message) => ({
    service: 'sns',
    operation: 'Publish',
    input: { TopicArn, Message },
  }),
  events: (_, { Arn: EventBusName, EventBridgeParameters }, Detail) => ({
    service: 'events',
    operation: 'PutEvents',
    input: { Entries: [{ EventBusName, ...EventBridgeParameters, Detail }] },
  }),
  kinesis: (_, { Arn: StreamARN, KinesisParameters }, Data) => ({
    service: 'kinesis',
    operation: 'PutRecord',
    input: { StreamARN, ...KinesisParameters, Data },
  }),
  firehose: ({ resource }, _, Data) => ({
    service: 'firehose',
    operation: 'PutRecord',
    input: { DeliveryStreamName: resource.replace(/^deliverystream\//, ''), Record: { Data } },
  }),
  states: (_, { Arn: stateMachineArn }, input) => ({
    service: 'stepfunctions',
    operation: 'StartExecution',
    input: { stateMachineArn, input },
  }),
};

/** What a templated target is: the service in its ARN. */
export function isTemplated(service: string): boolean {
  return Object.hasOwn(TEMPLATED, service);
}

const UNIVERSAL = /^arn:aws(?:-[a-z]+)?:scheduler:::aws-sdk:([a-z0-9]+):([a-z][A-Za-z0-9]*)$/;

/** Names of SDKs that are not those of our models. */
const MODELS: Readonly<Record<string, string>> = {
  applicationautoscaling: 'application-autoscaling',
  cloudwatchlogs: 'logs',
  cognitoidentity: 'cognito-identity',
  cognitoidentityprovider: 'cognito-idp',
  elasticloadbalancingv2: 'elbv2',
  eventbridge: 'events',
  sfn: 'stepfunctions',
};

export interface UniversalTarget {
  /** Of the model. */
  readonly service: string;
  /** As written: `sendMessage`. */
  readonly action: string;
}

export function universalTarget(arn: string): UniversalTarget | undefined {
  const [, sdk, action] = UNIVERSAL.exec(arn) ?? [];
  return sdk === undefined || action === undefined ? undefined : { service: MODELS[sdk] ?? sdk, action };
}

/** `input` is the target's, or what takes its place, as it is to arrive. */
export function targetRequest(target: Target, input: string): TargetRequest {
  const universal = universalTarget(target.Arn!);
  if (universal !== undefined) {
    const operation = universal.action.charAt(0).toUpperCase() + universal.action.slice(1);
    return { service: universal.service, operation, input: JSON.parse(input) };
  }
  const arn = parseArn(target.Arn!);
  const templated = arn && TEMPLATED[arn.service];
  invariant(templated !== undefined, `a schedule has a target that is none: ${target.Arn}`);
  return templated(arn!, target, input);
}

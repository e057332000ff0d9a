/**
 * What a call would have a function do by its execution role: read a source, send dead letters. Lambda asks beforehand
 * whether the role may, and refuses the call otherwise. Source: Lambda developer guide, "Execution role permissions" of
 * the event source mappings, and "Adding a dead-letter queue".
 */
import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import type { Call } from '../../ports/call.ts';
import type { ResourceQuestion } from './resource-question.ts';

export interface RoleDuty {
  /** Of the queue, stream or topic. */
  readonly arn: string;
  readonly functionName: string;
  /** ARN of the function's role. */
  readonly role: string;
  readonly actions: readonly string[];
  /** What AWS answers where the role may not do one of them. */
  refusal(action: string): AwsError;
}

/**
 * By the service in the ARN of a source. Of streams those that AWS was seen to need: roles without ListStreams or
 * ListShards (serverless/serverless#8540) are let through, though its words name these, too.
 */
const POLLING: Readonly<Record<string, readonly string[]>> = {
  sqs: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  kinesis: ['kinesis:GetRecords', 'kinesis:GetShardIterator', 'kinesis:DescribeStream'],
  dynamodb: ['dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:DescribeStream'],
};

/** Whether an operation may give a function such a duty. */
const OPERATIONS: Readonly<
  Record<string, (question: ResourceQuestion, ask: Ask) => Promise<RoleDuty | undefined>>
> = {
  CreateEventSourceMapping: ({ input }, ask) => polling(input['EventSourceArn'], input['FunctionName'], ask),
  UpdateEventSourceMapping: async ({ input: { UUID, FunctionName } }, ask) => {
    const { EventSourceArn } = (await ask('GetEventSourceMapping', { UUID })) as Named;
    return polling(EventSourceArn, FunctionName, ask);
  },
  CreateFunction: async ({ input: { FunctionName, Role, DeadLetterConfig } }) =>
    deadLetters(DeadLetterConfig, FunctionName, Role),
  UpdateFunctionConfiguration: async ({ input: { FunctionName, Role, DeadLetterConfig } }, ask) => {
    if (DeadLetterConfig === undefined) return undefined;
    const known = (await ask('GetFunctionConfiguration', { FunctionName })) as Named;
    return deadLetters(DeadLetterConfig, known.FunctionName, Role ?? known.Role);
  },
};

type Ask = (operation: string, input: object) => Promise<unknown>;
type Named = Readonly<Record<string, unknown>>;

/** Undefined for calls that change nothing of that, and those that will fail. */
export async function roleDuty(question: ResourceQuestion, call: Call): Promise<RoleDuty | undefined> {
  const { service, operation } = question;
  const dutyOf = service === 'lambda' ? OPERATIONS[operation] : undefined;
  if (dutyOf === undefined) return undefined;
  try {
    return await dutyOf(question, (asked, input) => call(question, 'lambda', asked, input));
  } catch (error) {
    // There is no such function or mapping, which the operation will say.
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

async function polling(source: unknown, function_: unknown, ask: Ask): Promise<RoleDuty | undefined> {
  const arn = String(source);
  const service = parseArn(arn)?.service ?? '';
  const actions = POLLING[service];
  if (actions === undefined || typeof function_ !== 'string') return undefined;
  const { FunctionName, Role } = (await ask('GetFunctionConfiguration', {
    FunctionName: function_,
  })) as Named;
  const refusal =
    service === 'sqs'
      ? (action: string) => mayNotReceive(action)
      : () => mayNotRead(arn, service === 'kinesis');
  return { arn, functionName: String(FunctionName), role: String(Role), actions, refusal };
}

function deadLetters(config: unknown, functionName: unknown, role: unknown): RoleDuty | undefined {
  const { TargetArn = '' } = (config ?? {}) as { readonly TargetArn?: string };
  const service = parseArn(TargetArn)?.service;
  const action = service === 'sqs' ? 'sqs:SendMessage' : service === 'sns' ? 'sns:Publish' : undefined;
  if (action === undefined) return undefined;
  const duty = { arn: TargetArn, functionName: String(functionName), role: String(role) };
  return { ...duty, actions: [action], refusal: mayNotSend };
}

/** Words that AWS is quoted with: anomalyco/sst#5737. */
function mayNotReceive(action: string): AwsError {
  return invalid(`The function execution role does not have permissions to call ${nameOf(action)} on SQS`);
}

/** Words that AWS is quoted with: elastic/beats#13963, functionalone/serverless-iam-roles-per-function#5. */
function mayNotSend(action: string): AwsError {
  const [service = ''] = action.split(':');
  return invalid(
    `The provided execution role does not have permissions to call ${nameOf(action)} on ${service.toUpperCase()}`,
  );
}

/** Words that AWS is quoted with: aws-samples/cross-account-amazon-dynamodb-replication#11 and lambda-refarch-webapp#7. */
function mayNotRead(arn: string, isKinesis: boolean): AwsError {
  const actions = `GetRecords, GetShardIterator, DescribeStream, ${isKinesis ? 'ListShards, ' : ''}and ListStreams`;
  return invalid(
    `Cannot access stream ${arn}. Please ensure the role can perform the ${actions} Actions on your stream in IAM.`,
  );
}

function nameOf(action: string): string {
  return action.slice(action.indexOf(':') + 1);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message, { Type: 'User' });
}

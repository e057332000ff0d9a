/** What may be a target, and what is taken for granted of it. */
import type { Target } from '@aws-sdk/client-scheduler';
import { parseArn } from '../../core/arn.ts';
import type { IsCallable } from '../../ports/call.ts';
import { invalid, notImplemented } from './scheduler-errors.ts';
import { isTemplated, targetRequest, universalTarget } from './target-request.ts';

/** Defaults of RetryPolicy in the API reference, which GetSchedule shows. */
const DEFAULT_MAX_AGE_SECONDS = 86_400;
const DEFAULT_MAX_RETRIES = 185;
/** Source: "Quotas for EventBridge Scheduler", the largest input of a target. */
const MAX_INPUT_BYTES = 256 * 1024;
const FIFO_SUFFIX = '.fifo';

/** Templated targets of AWS that there is no server for here. */
const NOT_HERE: ReadonlySet<string> = new Set(['codebuild', 'codepipeline', 'ecs', 'inspector', 'sagemaker']);

/** Beginnings of actions that only read. Source: user guide, "Using universal targets", unsupported actions. */
const READING =
  /^(?:get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|batchGet|batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|testConnection|translateDocument|isAuthorized|invokeModel)/;

export function retryPolicyOf({ RetryPolicy }: Target): {
  readonly maxAgeMs: number;
  readonly maxRetries: number;
} {
  return {
    maxAgeMs: (RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_MAX_AGE_SECONDS) * 1_000,
    maxRetries: RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_MAX_RETRIES,
  };
}

/** As it is stored and shown. Throws `ValidationException`, `NotImplemented` for what there is no server for. */
export function checkedTarget(target: Target, isCallable: IsCallable): Target {
  const { Arn: arn = '', Input: input } = target;
  if (input !== undefined && Buffer.byteLength(input) > MAX_INPUT_BYTES)
    throw invalid(`Input must not be larger than ${MAX_INPUT_BYTES} bytes.`);
  const universal = universalTarget(arn);
  if (universal !== undefined) checkUniversal(arn, universal.action, target);
  else checkTemplated(arn, target);
  const { service, operation } = targetRequest(target, '{}');
  if (!isCallable(service, operation)) throw notImplemented(`targets that call ${service}:${operation}`);
  const { maxAgeMs, maxRetries } = retryPolicyOf(target);
  const RetryPolicy = { MaximumEventAgeInSeconds: maxAgeMs / 1_000, MaximumRetryAttempts: maxRetries };
  return { ...target, RetryPolicy };
}

function checkUniversal(arn: string, action: string, target: Target): void {
  if (READING.test(action)) throw invalid(`${arn} is not a supported target: it only reads.`);
  refuseParameters(target, undefined);
  if (target.Input !== undefined && !isJsonObject(target.Input))
    throw invalid('Input of a universal target must be a JSON object.');
}

/** The words are those that users quote from AWS. */
function badArn(): Error {
  return invalid('Provided Arn is not in correct format.');
}

function checkTemplated(text: string, target: Target): void {
  const arn = parseArn(text);
  if (arn === undefined || arn.service === 'scheduler') throw badArn();
  const { service } = arn;
  if (NOT_HERE.has(service)) throw notImplemented(`targets of ${service}`);
  if (!isTemplated(service) || arn.region === '' || arn.accountId === '') throw badArn();
  if (service === 'lambda' && !arn.resource.startsWith('function:')) throw badArn();
  refuseParameters(target, PARAMETERS[service]);
  if (service === 'events' && target.EventBridgeParameters === undefined)
    throw invalid('EventBridgeParameters is required for an event bus.');
  if (service === 'kinesis' && target.KinesisParameters === undefined)
    throw invalid('KinesisParameters is required for a stream.');
  const isFifo = service === 'sqs' && arn.resource.endsWith(FIFO_SUFFIX);
  if (isFifo && target.SqsParameters?.MessageGroupId === undefined)
    throw invalid('SqsParameters.MessageGroupId is required for a FIFO queue.');
  if (service === 'events' && target.Input !== undefined && !isJsonObject(target.Input))
    throw invalid('Input of an event bus must be a JSON object.');
}

const PARAMETERS: Readonly<Record<string, keyof Target>> = {
  events: 'EventBridgeParameters',
  kinesis: 'KinesisParameters',
  sqs: 'SqsParameters',
};

const ALL_PARAMETERS = [
  'EcsParameters',
  'EventBridgeParameters',
  'EventBridgePutEventsV2Parameters',
  'EventBridgePutRawEventsParameters',
  'KinesisParameters',
  'SageMakerPipelineParameters',
  'SqsParameters',
] as const;

/** Settings of other kinds of targets would be stored and do nothing. */
function refuseParameters(target: Target, allowed: keyof Target | undefined): void {
  const held: Readonly<Record<string, unknown>> = { ...target };
  const stray = ALL_PARAMETERS.find((name) => name !== allowed && held[name] !== undefined);
  if (stray !== undefined) throw invalid(`${stray} does not apply to the target ${target.Arn}.`);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

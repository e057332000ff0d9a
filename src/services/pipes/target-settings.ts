/** What may be a target or an enrichment, and how many records it takes at once. */
import type { PipeEnrichmentParameters, PipeTargetParameters } from '@aws-sdk/client-pipes';
import { parseArn } from '../../core/arn.ts';
import { invalid, notImplemented } from './pipes-errors.ts';

/** Records of one request. Source: user guide, "EventBridge Pipes batching and concurrency". */
const MAX_TARGET_RECORDS: Readonly<Record<string, number>> = {
  events: 10,
  firehose: 500,
  kinesis: 500,
  lambda: 10_000,
  logs: 10_000,
  sns: 10,
  sqs: 10,
};

/** Targets of AWS that there is no server for here, or that are not written yet. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'apigateway',
  'batch',
  'ecs',
  'execute-api',
  'inspector',
  'redshift',
  'redshift-serverless',
  'sagemaker',
  'states',
  'timestream',
]);

/** Parameters that only one kind of target has. */
const PARAMETERS: Readonly<Record<string, keyof PipeTargetParameters>> = {
  events: 'EventBridgeEventBusParameters',
  kinesis: 'KinesisStreamParameters',
  lambda: 'LambdaFunctionParameters',
  logs: 'CloudWatchLogsParameters',
  sqs: 'SqsQueueParameters',
};

const API_DESTINATION = /^api-destination\//;
const FIFO_SUFFIX = '.fifo';

export function maxTargetRecords(targetArn: string): number {
  return MAX_TARGET_RECORDS[parseArn(targetArn)?.service ?? ''] ?? 1;
}

/** Throws `ValidationException`, `NotImplemented` for what there is no server for. */
export function checkTarget(target: string, parameters: PipeTargetParameters = {}): void {
  const arn = parseArn(target);
  if (arn === undefined) throw invalid(`${target} is not a target of pipes.`);
  const { service, resource } = arn;
  if (NOT_HERE.has(service)) throw notImplemented(`targets of ${service}`);
  if (service === 'events' && API_DESTINATION.test(resource)) throw notImplemented('API destinations');
  if (MAX_TARGET_RECORDS[service] === undefined) throw invalid(`${target} is not a target of pipes.`);
  refuseOthers(target, parameters, PARAMETERS[service]);
  if (service === 'kinesis' && parameters.KinesisStreamParameters?.PartitionKey === undefined)
    throw invalid('KinesisStreamParameters.PartitionKey is required for a stream.');
  if (service === 'logs' && parameters.CloudWatchLogsParameters?.LogStreamName === undefined)
    throw invalid('CloudWatchLogsParameters.LogStreamName is required for a log group.');
  const isFifo = service === 'sqs' && resource.endsWith(FIFO_SUFFIX);
  if (isFifo && parameters.SqsQueueParameters?.MessageGroupId === undefined)
    throw invalid('SqsQueueParameters.MessageGroupId is required for a FIFO queue.');
  if (parameters.EventBridgeEventBusParameters?.EndpointId !== undefined)
    throw notImplemented('global endpoints of event buses');
}

/** Settings of other kinds of targets would be stored and do nothing. */
function refuseOthers(
  target: string,
  parameters: PipeTargetParameters,
  allowed: keyof PipeTargetParameters | undefined,
): void {
  const { InputTemplate: _, ...others } = parameters;
  const stray = Object.entries(others).find(([name, value]) => name !== allowed && value !== undefined);
  if (stray !== undefined) throw invalid(`${stray[0]} does not apply to the target ${target}.`);
}

export function checkEnrichment(
  enrichment: string | undefined,
  parameters: PipeEnrichmentParameters | undefined,
): void {
  if (enrichment === undefined) return;
  const arn = parseArn(enrichment);
  if (arn?.service !== 'lambda') throw notImplemented(`enrichment by ${arn?.service ?? enrichment}`);
  if (parameters?.HttpParameters !== undefined)
    throw invalid(`HttpParameters does not apply to the enrichment ${enrichment}.`);
}

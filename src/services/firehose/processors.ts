/** What is done with records on their way: a function transforms them, a delimiter is put behind each. */
import type { Processor } from '@aws-sdk/client-firehose';
import { parseArn } from '../../core/arn.ts';
import { invalidArgument, notImplemented } from './firehose-errors.ts';
import type { BufferingHints, ProcessingSettings } from './stream-record.ts';

export interface Transformation {
  readonly lambdaArn: string;
  /** Attempts after the first. */
  readonly retries: number;
  /** Records wait for so many others before they are transformed. */
  readonly hints: BufferingHints;
}

// Defaults and limits of the API reference (ProcessorParameter) and the guide's page on transformation.
const DEFAULT_RETRIES = 3;
const MAX_RETRIES = 300;
const DEFAULT_HINTS: BufferingHints = { SizeInMBs: 1, IntervalInSeconds: 60 };
const SIZE_RANGE = [0.2, 3] as const;
const INTERVAL_RANGE = [0, 900] as const;

/** Undefined where no function transforms. */
export function transformationOf(processing: ProcessingSettings | undefined): Transformation | undefined {
  const processor = processorOf(processing, 'Lambda');
  if (processor === undefined) return undefined;
  return {
    lambdaArn: parameter(processor, 'LambdaArn')!,
    retries: number(processor, 'NumberOfRetries', DEFAULT_RETRIES),
    hints: {
      SizeInMBs: number(processor, 'BufferSizeInMBs', DEFAULT_HINTS.SizeInMBs),
      IntervalInSeconds: number(processor, 'BufferIntervalInSeconds', DEFAULT_HINTS.IntervalInSeconds),
    },
  };
}

/** What is put behind each record; empty where nothing is. */
export function delimiterOf(processing: ProcessingSettings | undefined): string {
  const processor = processorOf(processing, 'AppendDelimiterToRecord');
  if (processor === undefined) return '';
  // It is written escaped, as `\\n`.
  return (parameter(processor, 'Delimiter') ?? '\\n').replaceAll('\\n', '\n').replaceAll('\\t', '\t');
}

/** Throws `InvalidArgumentException`, and `NotImplemented` for processors that are not there. */
export function checkProcessing({ Processors: processors }: ProcessingSettings): void {
  for (const processor of processors) {
    if (processor.Type === 'Lambda') checkLambda(processor);
    else if (processor.Type !== 'AppendDelimiterToRecord') {
      throw notImplemented(`the processor ${processor.Type}`);
    }
  }
}

function checkLambda(processor: Processor): void {
  const arn = parseArn(parameter(processor, 'LambdaArn') ?? '');
  if (arn?.service !== 'lambda') {
    throw invalidArgument('Lambda processor requires the parameter LambdaArn with the ARN of a function.');
  }
  checkRange(processor, 'NumberOfRetries', [0, MAX_RETRIES]);
  checkRange(processor, 'BufferSizeInMBs', SIZE_RANGE);
  checkRange(processor, 'BufferIntervalInSeconds', INTERVAL_RANGE);
}

function checkRange(processor: Processor, name: string, [least, most]: readonly [number, number]): void {
  const text = parameter(processor, name);
  if (text === undefined) return;
  const value = Number(text);
  if (text !== '' && value >= least && value <= most) return;
  throw invalidArgument(`${name} of the Lambda processor must be between ${least} and ${most}.`);
}

function processorOf(processing: ProcessingSettings | undefined, type: string): Processor | undefined {
  if (!processing?.Enabled) return undefined;
  return processing.Processors.find(({ Type }) => Type === type);
}

function parameter({ Parameters: parameters = [] }: Processor, name: string): string | undefined {
  return parameters.find(({ ParameterName }) => ParameterName === name)?.ParameterValue;
}

function number(processor: Processor, name: string, fallback: number): number {
  const text = parameter(processor, name);
  return text === undefined ? fallback : Number(text);
}

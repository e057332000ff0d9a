/** Prefixes of objects with expressions in them. Source: developer guide, "Custom prefixes for Amazon S3 objects". */
import { invalidArgument, notImplemented } from './firehose-errors.ts';
import type { S3Settings } from './stream-record.ts';
import { checkTimestampFormat, formatTimestamp } from './timestamp-format.ts';

/** Why records are not among the delivered ones. */
export const PROCESSING_FAILED = 'processing-failed';
const DEFAULT_TIME = '!{timestamp:yyyy/MM/dd/HH/}';
const ERROR_TYPE = '!{firehose:error-output-type}';
const EXPRESSION = /!\{([A-Za-z]+):([^}]*)\}/g;
const MARK = '!{';
const RANDOM_LENGTH = 11;

export interface PrefixFacts {
  /** Service time at which the oldest record of the object arrived. */
  readonly arrivedMs: number;
  readonly timeZone: string;
  /** Hexadecimal digits. */
  random(length: number): string;
}

/** Of objects with delivered records. */
export function objectPrefix(
  { Prefix: prefix = '' }: Pick<S3Settings, 'Prefix'>,
  facts: PrefixFacts,
): string {
  const hasTime = prefix.includes('!{timestamp:');
  return evaluated(hasTime ? prefix : prefix + DEFAULT_TIME, facts);
}

/** Of objects with records that could not be processed. */
export function errorPrefix(
  { Prefix: prefix = '', ErrorOutputPrefix: errors }: Pick<S3Settings, 'Prefix' | 'ErrorOutputPrefix'>,
  facts: PrefixFacts,
): string {
  return evaluated(errors ?? `${prefix}${ERROR_TYPE}/${DEFAULT_TIME}`, facts);
}

/** Throws `InvalidArgumentException` where they break a rule, `NotImplemented` for keys of dynamic partitioning. */
export function checkPrefixes(prefix: string | undefined, errors: string | undefined): void {
  for (const text of [prefix ?? '', errors ?? '']) checkExpressions(text);
  if (prefix?.includes(ERROR_TYPE)) {
    throw invalidArgument('Prefix cannot contain !{firehose:error-output-type}.');
  }
  if (prefix?.includes(MARK) && errors === undefined) {
    throw invalidArgument("ErrorOutputPrefix can't be null when Prefix contains expressions");
  }
  if (errors?.includes(MARK) && !errors.includes(ERROR_TYPE)) {
    throw invalidArgument(
      'ErrorOutputPrefix must contain at least one instance of !{firehose:error-output-type}.',
    );
  }
}

function evaluated(text: string, { arrivedMs, timeZone, random }: PrefixFacts): string {
  return text.replaceAll(EXPRESSION, (_, namespace: string, value: string) => {
    if (namespace === 'timestamp') return formatTimestamp(value, arrivedMs, timeZone);
    return value === 'random-string' ? random(RANDOM_LENGTH) : PROCESSING_FAILED;
  });
}

function checkExpressions(text: string): void {
  for (const [expression, namespace, value] of text.matchAll(EXPRESSION)) {
    if (namespace === 'timestamp') checkTimestampFormat(value!);
    else if (namespace?.startsWith('partitionKeyFrom')) throw notImplemented(`dynamic partitioning`);
    else if (expression !== ERROR_TYPE && expression !== '!{firehose:random-string}') {
      throw invalidArgument(`${expression} is not an expression that Firehose can evaluate.`);
    }
  }
  if (text.replaceAll(EXPRESSION, '').includes(MARK)) {
    throw invalidArgument(
      `The sequence ${MARK} can only appear in expressions of the form !{namespace:value}.`,
    );
  }
}

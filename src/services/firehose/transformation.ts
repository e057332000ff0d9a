/** Has records transformed by a function. Source: developer guide, "Transform source data in Amazon Data Firehose". */
import { parseArn } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { BufferedRecord } from './buffered-record.ts';
import type { Transformation } from './processors.ts';
import type { DeliveryStreamRecord } from './stream-record.ts';
import { deliveryStreamArn, roleCaller } from './stream-record.ts';

export interface TransformationResult {
  readonly transformed: readonly BufferedRecord[];
  /** What is told of the others, to be written under the error prefix. */
  readonly failed: readonly BufferedRecord[];
  /** Why none of them could be. */
  readonly failure?: Failure;
}

/** Why records could not be processed, with the codes and words of the guide's page on errors. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

interface ReturnedRecord {
  readonly recordId: string;
  readonly result: 'Ok' | 'Dropped' | 'ProcessingFailed';
  readonly data?: string;
}

const PARSING: Failure = {
  code: 'Lambda.JsonProcessingException',
  message:
    'There was an error parsing returned records from the Lambda function. Ensure that the returned records follow the status model required by Amazon Data Firehose.',
};
const MISSING: Failure = {
  code: 'Lambda.MissingRecordId',
  message:
    'One or more record IDs were not returned. Ensure that the Lambda function returns all received record IDs.',
};
const DUPLICATED: Failure = {
  code: 'Lambda.DuplicatedRecordId',
  message:
    'Multiple records were returned with the same record ID. Ensure that the Lambda function returns unique record IDs for each record.',
};
const FUNCTION_ERROR: Failure = {
  code: 'Lambda.FunctionError',
  message: 'The Lambda function was successfully invoked but it returned an error result.',
};
/** Of a record that the function itself gives up. */
const GIVEN_UP: Failure = {
  code: 'Lambda.ProcessingFailedStatus',
  message: 'ProcessingFailed status set for record',
};

export interface TransformerDependencies {
  readonly call: Call;
  readonly requireOfRole: RequireOfRole;
  readonly clock: Clock;
  readonly ids: Ids;
}

export class Transformer {
  readonly #call: Call;
  readonly #requireOfRole: RequireOfRole;
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor({ call, requireOfRole, clock, ids }: TransformerDependencies) {
    this.#call = call;
    this.#requireOfRole = requireOfRole;
    this.#clock = clock;
    this.#ids = ids;
  }

  /** Rejects only where it could not be told what became of the records. */
  async transform(
    stream: DeliveryStreamRecord,
    transformation: Transformation,
    records: readonly BufferedRecord[],
  ): Promise<TransformationResult> {
    const { lambdaArn, retries } = transformation;
    let failure = FUNCTION_ERROR;
    for (let attempts = 1; attempts <= 1 + retries; attempts += 1) {
      const returned = await this.#attempt(stream, lambdaArn, records);
      if ('code' in returned) failure = returned;
      else return this.#sorted(records, returned, lambdaArn, attempts);
    }
    const failed = records.map((record) => this.#told(record, failure, lambdaArn, 1 + retries));
    return { transformed: [], failed, failure };
  }

  async #attempt(
    stream: DeliveryStreamRecord,
    lambdaArn: string,
    records: readonly BufferedRecord[],
  ): Promise<Map<string, ReturnedRecord> | Failure> {
    const { accountId, region } = parseArn(lambdaArn) ?? stream;
    const input = {
      FunctionName: lambdaArn,
      InvocationType: 'RequestResponse',
      Payload: Buffer.from(JSON.stringify(eventOf(stream, this.#ids.uuid(), records))),
    };
    try {
      await this.#requireOfRole(roleCaller(stream), 'lambda:InvokeFunction', lambdaArn);
      const answer = (await this.#call({ accountId, region }, 'lambda', 'Invoke', input)) as {
        readonly FunctionError?: string;
        readonly Payload?: Uint8Array;
      };
      if (answer.FunctionError !== undefined) return FUNCTION_ERROR;
      return returnedRecords(answer.Payload, records);
    } catch (error) {
      if (error instanceof AwsError && error.code !== 'NotImplemented') return invocationFailure(error);
      throw error;
    }
  }

  #sorted(
    records: readonly BufferedRecord[],
    returned: ReadonlyMap<string, ReturnedRecord>,
    lambdaArn: string,
    attempts: number,
  ): TransformationResult {
    const transformed: BufferedRecord[] = [];
    const failed: BufferedRecord[] = [];
    for (const record of records) {
      const { result, data } = returned.get(record.id)!;
      if (result === 'Ok') transformed.push({ ...record, data: Buffer.from(data ?? '', 'base64') });
      else if (result === 'ProcessingFailed') failed.push(this.#told(record, GIVEN_UP, lambdaArn, attempts));
    }
    return { transformed, failed };
  }

  #told(
    record: BufferedRecord,
    { code, message }: Failure,
    lambdaArn: string,
    attempts: number,
  ): BufferedRecord {
    const line = JSON.stringify({
      attemptsMade: attempts,
      arrivalTimestamp: record.arrivedMs,
      errorCode: code,
      errorMessage: message,
      attemptEndingTimestamp: this.#clock.now(),
      rawData: Buffer.from(record.data).toString('base64'),
      lambdaArn,
    });
    return { ...record, data: Buffer.from(`${line}\n`) };
  }
}

function eventOf(stream: DeliveryStreamRecord, invocationId: string, records: readonly BufferedRecord[]) {
  const { source, region } = stream;
  return {
    invocationId,
    deliveryStreamArn: deliveryStreamArn(stream),
    ...(source === undefined ? {} : { sourceKinesisStreamArn: source.KinesisStreamARN }),
    region,
    records: records.map(({ id, arrivedMs, data, kinesis }) => ({
      recordId: id,
      approximateArrivalTimestamp: arrivedMs,
      data: Buffer.from(data).toString('base64'),
      ...(kinesis === undefined
        ? {}
        : {
            kinesisRecordMetadata: {
              sequenceNumber: kinesis.sequenceNumber,
              subsequenceNumber: 0,
              partitionKey: kinesis.partitionKey,
              shardId: kinesis.shardId,
              approximateArrivalTimestamp: arrivedMs,
            },
          }),
    })),
  };
}

function returnedRecords(
  payload: Uint8Array | undefined,
  records: readonly BufferedRecord[],
): Map<string, ReturnedRecord> | Failure {
  const list = parsedRecords(payload);
  if (list === undefined) return PARSING;
  const byId = new Map(list.map((record) => [record.recordId, record]));
  if (byId.size < list.length) return DUPLICATED;
  return records.every(({ id }) => byId.has(id)) ? byId : MISSING;
}

function parsedRecords(payload: Uint8Array | undefined): ReturnedRecord[] | undefined {
  try {
    const answer: unknown = JSON.parse(Buffer.from(payload ?? []).toString());
    const { records } = answer as { readonly records?: unknown };
    return Array.isArray(records) && records.every(isReturnedRecord) ? records : undefined;
  } catch {
    return undefined;
  }
}

const RESULTS: readonly unknown[] = ['Ok', 'Dropped', 'ProcessingFailed'];

function isReturnedRecord(value: unknown): value is ReturnedRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { recordId, result, data } = value as Record<string, unknown>;
  const hasData = typeof data === 'string' || (result !== 'Ok' && (data === undefined || data === null));
  return typeof recordId === 'string' && RESULTS.includes(result) && hasData;
}

function invocationFailure({ code, message }: AwsError): Failure {
  switch (code) {
    case 'ResourceNotFoundException':
      return {
        code: 'Lambda.ResourceNotFound',
        message: 'The specified Lambda function does not exist. Use a different function that does exist.',
      };
    case 'TooManyRequestsException':
      return {
        code: 'Lambda.InvokeLimitExceeded',
        message: 'Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit.',
      };
    default:
      return { code: `Lambda.${code}`, message };
  }
}

/** What is checked of a request to invoke, in AWS's words. */
import type { InvokeCommandInput } from '@aws-sdk/client-lambda';
import { AwsError } from '../../core/errors.ts';
import type { BodyLimit } from '../../ports/service.ts';
import { invalidParameter, notImplemented } from '../control/lambda-errors.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { MAX_REQUEST_PAYLOAD_BYTES } from './invoke-limits.ts';
import { jsonProblem } from './json-payload.ts';

/** What a function gets when the request had no body. */
const EMPTY_EVENT = Buffer.from('{}');

/** The error for a body beyond the limit, checked before it is read. */
export const invokeBodyLimit: BodyLimit = {
  maxBytes: MAX_REQUEST_PAYLOAD_BYTES,
  error: () =>
    new AwsError(
      'RequestTooLargeException',
      `Request must be smaller than ${MAX_REQUEST_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
      { Type: 'User' },
    ),
};

/** The wire decodes a payload to a buffer of its own; nothing is copied. Throws AWS's error for what is no JSON. */
export function payloadOf({ Payload }: Pick<InvokeCommandInput, 'Payload'>): Buffer {
  if (Payload === undefined) return EMPTY_EVENT;
  const payload = Buffer.isBuffer(Payload) ? Payload : Buffer.from(Payload as Uint8Array);
  if (payload.length === 0) return EMPTY_EVENT;
  const problem = jsonProblem(payload);
  if (problem !== undefined)
    throw invalidContent(
      `Could not parse request body into json: Could not parse payload into json: ${problem}`,
    );
  return payload;
}

/** Words of the Lambda developer guide, "Invoking Lambda functions with tenant isolation". */
export function checkTenant(record: FunctionRecord, tenantId: string | undefined): void {
  const isTenantIsolated = record.tenantIsolationMode !== undefined;
  if (isTenantIsolated === (tenantId !== undefined)) return;
  throw invalidParameter(
    isTenantIsolated
      ? 'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.'
      : 'The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.',
  );
}

/** Settings that are stored but whose effect does not exist yet must not be ignored silently. */
export function refuseMissingParts(record: FunctionRecord, operation: string): void {
  if (record.vpcConfig !== undefined && record.vpcConfig.subnetIds.length > 0)
    throw notImplemented(operation, 'VpcConfig');
  if (record.fileSystemConfigs !== undefined && record.fileSystemConfigs.length > 0) {
    throw notImplemented(operation, 'FileSystemConfigs');
  }
}

/** Base64 JSON in a header; AWS refuses what is not. */
export function clientContextOf({
  ClientContext: encoded,
}: Pick<InvokeCommandInput, 'ClientContext'>): string | undefined {
  if (encoded === undefined || encoded === '') return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  try {
    JSON.parse(text);
  } catch {
    throw invalidContent('Client context must be a valid Base64-encoded JSON object.');
  }
  return text;
}

function invalidContent(message: string): AwsError {
  return new AwsError('InvalidRequestContentException', message, { Type: 'User' });
}

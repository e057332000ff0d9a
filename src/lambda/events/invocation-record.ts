/**
 * What destinations and dead-letter queues get. Records of AWS were recorded for each condition
 * (`Success`, `RetriesExhausted`, `ZeroReservedConcurrency`); they name `$LATEST` where the caller named nothing.
 */

import { jsonProblem } from '../invoke/json-payload.ts';
import type { InvocationResult } from '../invoke/outcome.ts';
import { functionArn } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import type { EventAttributes, EventProgress } from './asynchronous-event.ts';
import { DEAD_LETTER_MESSAGE_BYTES } from './event-limits.ts';

export type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';

/** How the last attempt ended, where the function has run in it. */
export interface LastRun {
  readonly executedVersion: string;
  readonly outcome: InvocationResult;
}

/** The JSON text of a destination's record; payloads are put in as they are. */
export function destinationRecord(
  attributes: EventAttributes,
  payload: Uint8Array,
  condition: Condition,
  attempts: number,
  run: LastRun | undefined,
  nowMs: number,
): string {
  const requestContext = {
    requestId: attributes.requestId,
    functionArn: functionArn({ ...attributes, qualifier: attributes.qualifier ?? LATEST }),
    condition,
    approximateInvokeCount: attempts,
  };
  const parts = [
    '"version":"1.0"',
    `"timestamp":${JSON.stringify(new Date(nowMs).toISOString())}`,
    `"requestContext":${JSON.stringify(requestContext)}`,
    `"requestPayload":${jsonOf(payload)}`,
  ];
  if (run !== undefined) {
    const { functionError } = run.outcome;
    const responseContext = {
      statusCode: 200,
      executedVersion: run.executedVersion,
      ...(functionError === undefined ? {} : { functionError }),
    };
    parts.push(`"responseContext":${JSON.stringify(responseContext)}`);
    parts.push(`"responsePayload":${jsonOf(run.outcome.payload)}`);
  }
  return `{${parts.join(',')}}`;
}

/**
 * The attributes of a dead letter, whose body is the event itself. Recorded: the code is a number, 200 for a
 * function error, and the message that of the function's error.
 */
export function deadLetterAttributes(
  { requestId }: EventAttributes,
  condition: Condition,
  progress: EventProgress,
  run: LastRun | undefined,
): Record<string, string | number> {
  const { code, message } = run === undefined ? withoutRun(condition, progress) : ofRun(run);
  return {
    RequestID: requestId,
    ErrorCode: code,
    // An attribute of a message must not be empty.
    ErrorMessage: firstBytes(message, DEAD_LETTER_MESSAGE_BYTES) || condition,
  };
}

function ofRun({ outcome }: LastRun): { readonly code: number; readonly message: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(outcome.payload.toString());
  } catch {
    // What a custom runtime reports need not be JSON.
  }
  const message = (parsed as { errorMessage?: unknown } | null | undefined)?.errorMessage;
  return { code: 200, message: typeof message === 'string' ? message : outcome.payload.toString() };
}

function withoutRun(condition: Condition, { lastRefusal }: EventProgress) {
  if (lastRefusal !== undefined) return { code: lastRefusal.status, message: lastRefusal.message };
  return condition === 'ZeroReservedConcurrency'
    ? { code: 429, message: 'Rate Exceeded.' }
    : { code: 200, message: condition };
}

/** JSON text that can stand in a document: the payload itself, or a string of what is no JSON. */
function jsonOf(payload: Uint8Array): string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (bytes.length === 0) return 'null';
  return jsonProblem(bytes) === undefined ? bytes.toString() : JSON.stringify(bytes.toString());
}

function firstBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A character that is cut in two becomes a replacement character, which goes too.
  return bytes.subarray(0, maxBytes).toString().replace(/�$/, '');
}

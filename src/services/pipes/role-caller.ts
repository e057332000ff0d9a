/** Calls that a pipe makes, in its role. */
import { AwsError } from '../../core/errors.ts';
import type { CallAs, RoleCaller } from '../../ports/call.ts';
import type { PipeRecord } from './pipe-record.ts';

const PRINCIPAL = 'pipes.amazonaws.com';

/** An operation of a service by the name of its model, and its input in the names of the API reference. */
export type PipeCall = (service: string, operation: string, input: object) => Promise<unknown>;

/** The pipe in its role. */
export function roleCaller({ accountId, region, roleArn, name }: PipeRecord): RoleCaller {
  return { accountId, region, roleArn, principal: PRINCIPAL, sessionName: name };
}

export function callerOf(callAs: CallAs, pipe: PipeRecord): PipeCall {
  const caller = roleCaller(pipe);
  return (service, operation, input) => callAs(caller, service, operation, input);
}

interface InvokeAnswer {
  readonly FunctionError?: string;
  readonly Payload?: Uint8Array;
}

/** A function has failed for what it was given. */
export class FunctionFailure extends Error {
  override readonly name = 'FunctionFailure';
}

/** What the function has returned, as text; empty where it is not waited for. Throws `FunctionFailure`. */
export async function invokedFunction(
  call: PipeCall,
  functionArn: string,
  payload: string,
  isWaitedFor: boolean,
): Promise<string> {
  const answer = (await call('lambda', 'Invoke', {
    FunctionName: functionArn,
    InvocationType: isWaitedFor ? 'RequestResponse' : 'Event',
    Payload: payload,
  })) as InvokeAnswer;
  const text = Buffer.from(answer.Payload ?? []).toString();
  if (answer.FunctionError !== undefined) throw new FunctionFailure(text);
  return text;
}

/** Whether another batch would meet the same: what was called had no room, or was out of order. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof FunctionFailure) return false;
  if (!(error instanceof AwsError)) return true;
  if (error.status !== undefined && error.status >= 500 && error.code !== 'NotImplemented') return true;
  return /Throttl|TooManyRequests|LimitExceeded|ServiceUnavailable|Internal/.test(error.code);
}

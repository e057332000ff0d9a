/** Queues that functions are given the messages of: Lambda polls them as the function's role, which must be allowed to. */
import { AwsError } from '../../core/errors.ts';
import type { Call } from '../../ports/call.ts';
import type { ResourceQuestion } from './resource-question.ts';

export interface PolledSource {
  readonly arn: string;
  readonly functionName: string;
  /** ARN of the function's role. */
  readonly role: string;
}

/** Source: Lambda developer guide, "Execution role permissions" of SQS event source mappings. */
export const POLLING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

/** What a call has a function poll; undefined for calls that change nothing of that, and those that will fail. */
export async function polledSource(
  question: ResourceQuestion,
  call: Call,
): Promise<PolledSource | undefined> {
  const { service, operation, input } = question;
  const { FunctionName, UUID } = input;
  const isAbout = service === 'lambda' && /^(?:Create|Update)EventSourceMapping$/.test(operation);
  if (!isAbout || typeof FunctionName !== 'string') return undefined;
  const ask = (asked: string, members: object): Promise<unknown> => call(question, 'lambda', asked, members);
  try {
    const { EventSourceArn: arn } = (
      operation === 'CreateEventSourceMapping' ? input : await ask('GetEventSourceMapping', { UUID })
    ) as { readonly EventSourceArn?: string };
    const { FunctionName: functionName, Role: role } = (await ask('GetFunctionConfiguration', {
      FunctionName,
    })) as { readonly FunctionName: string; readonly Role: string };
    return arn?.startsWith('arn:aws:sqs:') ? { arn, functionName, role } : undefined;
  } catch (error) {
    // There is no such function or mapping, which the operation will say.
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

/** `action` is for example `sqs:ReceiveMessage`. The words are those that AWS is quoted with. */
export function mayNotPoll(action: string): AwsError {
  const [, name] = action.split(':');
  return new AwsError(
    'InvalidParameterValueException',
    `The provided execution role does not have permissions to call ${name} on SQS`,
    { Type: 'User' },
  );
}

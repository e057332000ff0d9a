/** What AWS answers about statements of resource policies, those of functions and of layer versions alike. */
import { AwsError } from '../../core/errors.ts';
import { MAX_POLICY_BYTES } from './control-limits.ts';
import { conflict, notFound } from './lambda-errors.ts';

export function duplicateStatement(sid: string): AwsError {
  return conflict(
    `The statement id (${sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
  );
}

export function statementNotFound(sid: string | undefined): AwsError {
  return notFound(`Statement ${sid} is not found in resource policy.`);
}

export function noPolicy(): AwsError {
  return notFound('No policy is associated with the given resource.');
}

export function checkPolicyLength(policyText: string): void {
  const size = Buffer.byteLength(policyText);
  if (size <= MAX_POLICY_BYTES) return;
  throw new AwsError(
    'PolicyLengthExceededException',
    `The final policy size (${size}) is bigger than the limit (${MAX_POLICY_BYTES}).`,
    { Type: 'User' },
  );
}

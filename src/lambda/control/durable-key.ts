/** The KMS key that the data of durable executions is to be encrypted under, tried before a function is given it. */
import type { Call } from '../../ports/call.ts';
import type { KeyOwner } from '../durable/execution-cipher.ts';
import { newDataKey } from '../durable/execution-cipher.ts';
import { kmsRefusal } from '../records/kms-refusal.ts';
import { invalidParameter } from './lambda-errors.ts';

/**
 * Throws where the key cannot be used for this. AWS's words for it are not known; these are those that it has for the
 * key of environment variables.
 */
export async function checkDurableKey(
  call: Call,
  owner: KeyOwner,
  kmsKeyArn: string | undefined,
): Promise<void> {
  if (kmsKeyArn === undefined || kmsKeyArn === '') return;
  const { accountId, region, functionName } = owner;
  try {
    await newDataKey(call, { accountId, region, functionName }, kmsKeyArn);
  } catch (error) {
    const { reason, said } = kmsRefusal(error);
    throw invalidParameter(
      `Lambda was unable to configure access to your durable execution data because ${reason}. Please check your KMS key settings. ${said}`,
    );
  }
}

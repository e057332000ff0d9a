import { createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import { macAlgorithm } from './key-metadata.ts';
import type { KeyRecord, Scope } from './key-record.ts';
import { currentMaterial, keyArn } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, requireUsable, stopDryRun } from './kms-context.ts';

export function macOperations(
  context: KmsContext,
): Required<Pick<KmsOperations, 'GenerateMac' | 'VerifyMac'>> {
  const macOf = (record: KeyRecord, message: Uint8Array): Buffer => {
    const key = context.root.unseal(currentMaterial(record).sealed, record.keyId);
    return createHmac(record.keySpec.replace('HMAC_', 'sha'), key).update(message).digest();
  };
  const keyFor = async (
    input: { KeyId: string | undefined; MacAlgorithm: string | undefined; DryRun?: boolean | undefined },
    caller: Scope,
    operation: string,
  ): Promise<KeyRecord> => {
    const record = await keyOf(context, input.KeyId!, caller);
    requireUsable(record, 'GENERATE_VERIFY_MAC', operation);
    if (macAlgorithm(record) !== input.MacAlgorithm) {
      throw new AwsError(
        'InvalidKeyUsageException',
        `Algorithm ${input.MacAlgorithm} and key spec ${record.keySpec} are incompatible.`,
      );
    }
    stopDryRun(input);
    return record;
  };
  return {
    async GenerateMac(input, caller) {
      const record = await keyFor(input, caller, 'GenerateMac');
      return {
        Mac: macOf(record, input.Message!),
        MacAlgorithm: input.MacAlgorithm!,
        KeyId: keyArn(record),
      };
    },
    async VerifyMac(input, caller) {
      const record = await keyFor(input, caller, 'VerifyMac');
      const mac = macOf(record, input.Message!);
      const given = Buffer.from(input.Mac!);
      if (given.length !== mac.length || !timingSafeEqual(given, mac))
        throw new AwsError('KMSInvalidMacException', '');
      return { KeyId: keyArn(record), MacValid: true, MacAlgorithm: input.MacAlgorithm! };
    },
  };
}

import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { streamOf } from './kinesis-context.ts';
import { checkActive, invalidArgument } from './kinesis-errors.ts';

export function encryptionOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, 'StartStreamEncryption' | 'StopStreamEncryption'>> {
  const { streams, cipher } = kinesis;
  return {
    async StartStreamEncryption(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      checkType(input.EncryptionType);
      const keyId = input.KeyId!;
      // A key that cannot be used is refused now, not when records come.
      await cipher.checkKey(stream, keyId);
      await streams.begin(stream, 'UPDATING', (record) => {
        checkActive(record);
        return { settings: { encryption: { keyId } } };
      });
      return {};
    },

    async StopStreamEncryption(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      checkType(input.EncryptionType);
      await streams.begin(stream, 'UPDATING', (record) => {
        checkActive(record);
        return { stopsEncryption: true };
      });
      return {};
    },
  };
}

function checkType(type: string | undefined): void {
  if (type !== 'KMS') throw invalidArgument('KMS is the only EncryptionType that can be started or stopped.');
}

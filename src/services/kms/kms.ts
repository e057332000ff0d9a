/** Key Management Service: symmetric, RSA encryption and HMAC keys, their policies, grants and life. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { aliasOperations } from './alias-operations.ts';
import { keyOfCiphertext } from './ciphertext.ts';
import { dataKeyOperations } from './data-key-operations.ts';
import { encryptionOperations } from './encryption-operations.ts';
import { grantOperations } from './grant-operations.ts';
import { policyWithGrants } from './grant-statements.ts';
import { KeyLife } from './key-life.ts';
import { keyOperations } from './key-operations.ts';
import { keyArn } from './key-record.ts';
import { KeyTable } from './key-table.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { macOperations } from './mac-operations.ts';
import { ManagedKeys } from './managed-keys.ts';
import { policyOperations } from './policy-operations.ts';
import { RootKey } from './root-key.ts';
import { rotationOperations } from './rotation-operations.ts';
import { tagOperations } from './tag-operations.ts';

export interface KmsDependencies {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** `ROOT_KEY_BYTES` bytes under which all keys are sealed at rest. */
  readonly rootKey: Uint8Array;
}

export interface Kms {
  readonly service: Service;
  /** The key that something was encrypted with; undefined where there is none. */
  ciphertextKeyArn(ciphertext: Uint8Array): string | undefined;
  close(): void;
}

export async function openKms({ state, clock, ids, rootKey }: KmsDependencies): Promise<Kms> {
  const keys = await KeyTable.open(state);
  const root = new RootKey(rootKey);
  const life = new KeyLife(keys, root, clock, ids);
  const managed = new ManagedKeys({ keys, root, clock, ids, onCreated: (record) => life.follow(record) });
  const context: KmsContext = { keys, managed, root, clock, ids };
  for (const record of keys.allKeys()) life.follow(record);
  const operations: KmsOperations = {
    ...keyOperations(context, life),
    ...aliasOperations(context),
    ...encryptionOperations(context),
    ...dataKeyOperations(context),
    ...macOperations(context),
    ...grantOperations(context),
    ...policyOperations(context),
    ...rotationOperations(context, life),
    ...tagOperations(context),
  };
  return {
    service: {
      name: 'kms',
      operations: operations as Service['operations'],
      resourcePolicy: async (arn) => {
        const record = keys.byId(arn.slice(arn.lastIndexOf('/') + 1));
        return record === undefined || keyArn(record) !== arn ? undefined : policyWithGrants(record);
      },
    },
    ciphertextKeyArn: (ciphertext) => {
      const named = keyOfCiphertext(keys, ciphertext);
      return named && keyArn(named.record);
    },
    close: () => life.close(),
  };
}

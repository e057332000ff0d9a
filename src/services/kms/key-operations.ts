/** Keys themselves: made, described, listed, enabled, scheduled for deletion. */
import type { CreateKeyRequest } from '@aws-sdk/client-kms';
import { AwsError } from '../../core/errors.ts';
import type { KeyLife } from './key-life.ts';
import { newMaterial } from './key-material.ts';
import { keyMetadata } from './key-metadata.ts';
import type { KeyRecord, KeySpec, KeyUsage, Scope } from './key-record.ts';
import { defaultKeyPolicy, keyArn, MS_PER_DAY } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, pageOf, requireCustomerManaged } from './kms-context.ts';
import { invalid, notImplemented, pendingDeletion } from './kms-errors.ts';
import { checkPolicy } from './policy-operations.ts';
import { tagsOf } from './tag-operations.ts';

type KeyOperations =
  | 'CreateKey'
  | 'DescribeKey'
  | 'ListKeys'
  | 'UpdateKeyDescription'
  | 'EnableKey'
  | 'DisableKey'
  | 'ScheduleKeyDeletion'
  | 'CancelKeyDeletion';

/** Days a key waits to be deleted when the caller does not say. Source: ScheduleKeyDeletion. */
const DELETION_WINDOW_DAYS = 30;
const MIN_DELETION_WINDOW_DAYS = 7;

export function keyOperations(
  context: KmsContext,
  life: KeyLife,
): Required<Pick<KmsOperations, KeyOperations>> {
  const { keys, clock } = context;
  const change = async (
    identifier: string,
    caller: Scope,
    decide: (record: KeyRecord) => KeyRecord,
  ): Promise<KeyRecord> => {
    const { keyId } = await keyOf(context, identifier, caller);
    return keys.change(keyId, (record) => {
      requireCustomerManaged(record);
      return decide(record);
    });
  };
  const setState = async (
    identifier: string,
    caller: Scope,
    state: 'Enabled' | 'Disabled',
  ): Promise<object> => {
    await change(identifier, caller, (record) => {
      if (record.state === 'PendingDeletion') throw pendingDeletion(record);
      return { ...record, state };
    });
    return {};
  };
  return {
    async CreateKey(input, caller) {
      const record = await newKey(context, input, caller);
      await keys.put(record);
      return { KeyMetadata: keyMetadata(record) };
    },

    async DescribeKey(input, caller) {
      return { KeyMetadata: keyMetadata(await keyOf(context, input.KeyId!, caller)) };
    },

    async ListKeys(input, caller) {
      const { page, more } = pageOf(keys.list(caller), ({ keyId }) => keyId, input);
      return { Keys: page.map((record) => ({ KeyId: record.keyId, KeyArn: keyArn(record) })), ...more };
    },

    async UpdateKeyDescription(input, caller) {
      await change(input.KeyId!, caller, (record) => {
        if (record.state === 'PendingDeletion') throw pendingDeletion(record);
        return { ...record, description: input.Description! };
      });
      return {};
    },

    EnableKey: async (input, caller) => setState(input.KeyId!, caller, 'Enabled'),
    DisableKey: async (input, caller) => setState(input.KeyId!, caller, 'Disabled'),

    async ScheduleKeyDeletion(input, caller) {
      const windowDays = input.PendingWindowInDays ?? DELETION_WINDOW_DAYS;
      if (windowDays < MIN_DELETION_WINDOW_DAYS || windowDays > DELETION_WINDOW_DAYS) {
        throw invalid(
          `PendingWindowInDays must be between ${MIN_DELETION_WINDOW_DAYS} and ${DELETION_WINDOW_DAYS} (inclusive)`,
        );
      }
      const record = await change(input.KeyId!, caller, (key) => {
        if (key.state === 'PendingDeletion') throw pendingDeletion(key);
        const deletion = { dueMs: clock.now() + windowDays * MS_PER_DAY, windowDays };
        return { ...key, state: 'PendingDeletion', deletion };
      });
      life.follow(record);
      return {
        KeyId: keyArn(record),
        DeletionDate: new Date(record.deletion!.dueMs),
        KeyState: record.state,
        PendingWindowInDays: windowDays,
      };
    },

    async CancelKeyDeletion(input, caller) {
      const record = await change(input.KeyId!, caller, (key) => {
        if (key.state !== 'PendingDeletion')
          throw new AwsError('KMSInvalidStateException', `${keyArn(key)} is not pending deletion.`);
        const { deletion: _, ...kept } = key;
        return { ...kept, state: 'Disabled' };
      });
      life.follow(record);
      return { KeyId: keyArn(record) };
    },
  };
}

async function newKey(
  { clock, ids, root }: KmsContext,
  input: CreateKeyRequest,
  { accountId, region }: Scope,
): Promise<KeyRecord> {
  const keySpec = keySpecOf(input);
  const keyUsage = keyUsageOf(input, keySpec);
  if (input.Policy !== undefined) checkPolicy(input.Policy);
  const tags = tagsOf(input.Tags ?? []);
  const keyId = ids.uuid();
  const createdMs = clock.now();
  return {
    accountId,
    region,
    keyId,
    description: input.Description ?? '',
    keySpec,
    keyUsage,
    manager: 'CUSTOMER',
    state: 'Enabled',
    createdMs,
    materials: [{ id: ids.hex(32), sealed: root.seal(await newMaterial(keySpec), keyId), createdMs }],
    policy: input.Policy ?? defaultKeyPolicy(accountId),
    tags,
    grants: [],
  };
}

function keySpecOf(input: CreateKeyRequest): KeySpec {
  if (input.Origin !== undefined && input.Origin !== 'AWS_KMS')
    throw notImplemented('CreateKey', `Origin ${input.Origin}`);
  if (input.MultiRegion === true) throw notImplemented('CreateKey', 'MultiRegion');
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (spec !== 'SYMMETRIC_DEFAULT' && !/^(RSA|HMAC)_/.test(spec))
    throw notImplemented('CreateKey', `KeySpec ${spec}`);
  return spec as KeySpec;
}

function keyUsageOf({ KeyUsage }: CreateKeyRequest, keySpec: KeySpec): KeyUsage {
  const isMac = keySpec.startsWith('HMAC_');
  // AWS demands a usage where a key could have several, and where there is no default.
  if (KeyUsage === undefined && keySpec !== 'SYMMETRIC_DEFAULT')
    throw invalid('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.');
  const usage = KeyUsage ?? 'ENCRYPT_DECRYPT';
  if (usage === 'SIGN_VERIFY' && keySpec.startsWith('RSA_'))
    throw notImplemented('CreateKey', 'KeyUsage SIGN_VERIFY');
  if (usage !== (isMac ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT'))
    throw invalid(`KeyUsage ${usage} is not compatible with KeySpec ${keySpec}`);
  return usage;
}

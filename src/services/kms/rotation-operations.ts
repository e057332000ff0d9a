import { AwsError } from '../../core/errors.ts';
import type { KeyLife } from './key-life.ts';
import type { KeyRecord, Scope } from './key-record.ts';
import { keyArn, MS_PER_DAY, ROTATION_PERIOD_DAYS } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, pageOf, requireCustomerManaged } from './kms-context.ts';
import { keyDisabled, pendingDeletion, unsupported } from './kms-errors.ts';

type RotationOperations =
  | 'EnableKeyRotation'
  | 'DisableKeyRotation'
  | 'GetKeyRotationStatus'
  | 'RotateKeyOnDemand'
  | 'ListKeyRotations';

/** Rotations on demand a key may have. Source: RotateKeyOnDemand. */
const MAX_ON_DEMAND_ROTATIONS = 25;

export function rotationOperations(
  context: KmsContext,
  life: KeyLife,
): Required<Pick<KmsOperations, RotationOperations>> {
  const change = async (
    identifier: string,
    caller: Scope,
    decide: (record: KeyRecord) => KeyRecord | Promise<KeyRecord>,
  ): Promise<KeyRecord> => {
    const { keyId } = await keyOf(context, identifier, caller);
    const record = await context.keys.change(keyId, (key) => {
      requireCustomerManaged(key);
      requireRotatable(key);
      return decide(key);
    });
    life.follow(record);
    return record;
  };
  return {
    async EnableKeyRotation(input, caller) {
      const periodDays = input.RotationPeriodInDays ?? ROTATION_PERIOD_DAYS;
      const nextMs = context.clock.now() + periodDays * MS_PER_DAY;
      await change(input.KeyId!, caller, (record) => ({ ...record, rotation: { periodDays, nextMs } }));
      return {};
    },
    async DisableKeyRotation(input, caller) {
      await change(input.KeyId!, caller, ({ rotation: _, ...record }) => record);
      return {};
    },
    async GetKeyRotationStatus(input, caller) {
      const record = await keyOf(context, input.KeyId!, caller);
      if (record.keySpec !== 'SYMMETRIC_DEFAULT') throw unsupported('');
      const { rotation } = record;
      return {
        KeyId: keyArn(record),
        KeyRotationEnabled: rotation !== undefined,
        ...(rotation === undefined
          ? {}
          : { RotationPeriodInDays: rotation.periodDays, NextRotationDate: new Date(rotation.nextMs) }),
      };
    },
    async RotateKeyOnDemand(input, caller) {
      const record = await change(input.KeyId!, caller, async (key) => {
        const sofar = key.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length;
        if (sofar >= MAX_ON_DEMAND_ROTATIONS) {
          throw new AwsError(
            'LimitExceededException',
            `The maximum number of on-demand rotations (${MAX_ON_DEMAND_ROTATIONS}) has been reached.`,
          );
        }
        return { ...key, materials: [...key.materials, await life.newMaterial(key, 'ON_DEMAND')] };
      });
      return { KeyId: keyArn(record) };
    },
    async ListKeyRotations(input, caller) {
      const record = await keyOf(context, input.KeyId!, caller);
      const withFirst = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL';
      const rotations = record.materials
        .map((material, index) => ({ material, place: String(index).padStart(8, '0'), index }))
        .filter(({ index }) => withFirst || index > 0);
      const { page, more } = pageOf(rotations, ({ place }) => place, input);
      return {
        Rotations: page.map(({ material, index }) => ({
          KeyId: keyArn(record),
          KeyMaterialId: material.id,
          KeyMaterialState: index === record.materials.length - 1 ? 'CURRENT' : 'NON_CURRENT',
          ...(material.rotation === undefined
            ? {}
            : { RotationDate: new Date(material.createdMs), RotationType: material.rotation }),
        })),
        ...more,
      };
    },
  };
}

function requireRotatable(record: KeyRecord): void {
  if (record.state === 'Disabled') throw keyDisabled(record);
  if (record.state === 'PendingDeletion') throw pendingDeletion(record);
  // Recorded: without words.
  if (record.keySpec !== 'SYMMETRIC_DEFAULT') throw unsupported('');
}

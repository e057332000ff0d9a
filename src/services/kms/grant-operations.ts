/** Grants: uses of a key that are allowed to somebody beside its policy. */
import type { GrantListEntry } from '@aws-sdk/client-kms';
import { AwsError } from '../../core/errors.ts';
import type { Grant, KeyRecord } from './key-record.ts';
import { grantDigest, keyArn } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, pageOf, stopDryRun } from './kms-context.ts';
import { invalid, invalidUsage, keyDisabled, notImplemented, pendingDeletion } from './kms-errors.ts';

type GrantOperations = 'CreateGrant' | 'ListGrants' | 'ListRetirableGrants' | 'RetireGrant' | 'RevokeGrant';

/** Operations that need a key of another kind than encrypts. */
const SIGNING_OPERATIONS = new Set(['Sign', 'Verify', 'DeriveSharedSecret']);

export function grantOperations(context: KmsContext): Required<Pick<KmsOperations, GrantOperations>> {
  const { keys, clock, ids } = context;
  const remove = async (keyId: string, grantId: string): Promise<object> => {
    await keys.change(keyId, (record) => ({
      ...record,
      grants: record.grants.filter((grant) => grant.grantId !== grantId),
    }));
    return {};
  };
  const find = (record: KeyRecord, grantId: string): Grant => {
    const grant = record.grants.find((each) => each.grantId === grantId);
    if (grant === undefined)
      throw new AwsError('NotFoundException', `Grant ID ${grantId} not found for Key ${keyArn(record)}`);
    return grant;
  };
  return {
    async CreateGrant(input, caller) {
      if (input.GranteePrincipal === undefined)
        throw notImplemented('CreateGrant', 'a grant without GranteePrincipal');
      const { keyId } = await keyOf(context, input.KeyId!, caller);
      let made: Grant | undefined;
      await keys.change(keyId, (record) => {
        if (record.state === 'Disabled') throw keyDisabled(record);
        if (record.state === 'PendingDeletion') throw pendingDeletion(record);
        const operations: readonly string[] = input.Operations!;
        const unfit = operations.find((operation) => SIGNING_OPERATIONS.has(operation));
        if (unfit !== undefined) throw invalidUsage(record, unfit);
        stopDryRun(input);
        const wanted = {
          ...(input.Name === undefined ? {} : { name: input.Name }),
          granteePrincipal: input.GranteePrincipal!,
          ...(input.RetiringPrincipal === undefined ? {} : { retiringPrincipal: input.RetiringPrincipal }),
          operations,
          ...(input.Constraints === undefined ? {} : { constraints: constraintsOf(input.Constraints) }),
        };
        // A named grant that is asked for again is the same one. Source: CreateGrant, "Name".
        made =
          input.Name === undefined
            ? undefined
            : record.grants.find((each) => grantDigest(each) === grantDigest(wanted));
        if (made !== undefined) return record;
        made = {
          ...wanted,
          grantId: ids.hex(32),
          token: Buffer.from(ids.hex(48), 'hex').toString('base64'),
          issuingAccount: `arn:aws:iam::${caller.accountId}:root`,
          createdMs: clock.now(),
        };
        return { ...record, grants: [...record.grants, made] };
      });
      return { GrantToken: made!.token, GrantId: made!.grantId };
    },

    async ListGrants(input, caller) {
      const record = await keyOf(context, input.KeyId!, caller);
      const grants = record.grants
        .filter(({ grantId }) => input.GrantId === undefined || grantId === input.GrantId)
        .filter(
          ({ granteePrincipal }) =>
            input.GranteePrincipal === undefined || granteePrincipal === input.GranteePrincipal,
        );
      const { page, more } = pageOf(byId(grants), ({ grantId }) => grantId, input);
      return { Grants: page.map((grant) => shown(record, grant)), ...more };
    },

    async ListRetirableGrants(input, caller) {
      const entries = keys
        .list(caller)
        .flatMap((record) =>
          record.grants
            .filter(({ retiringPrincipal }) => retiringPrincipal === input.RetiringPrincipal)
            .map((grant) => ({ grantId: grant.grantId, entry: shown(record, grant) })),
        );
      const { page, more } = pageOf(byId(entries), ({ grantId }) => grantId, input);
      return { Grants: page.map(({ entry }) => entry), ...more };
    },

    async RevokeGrant(input, caller) {
      const record = await keyOf(context, input.KeyId!, caller);
      find(record, input.GrantId!);
      stopDryRun(input);
      return remove(record.keyId, input.GrantId!);
    },

    async RetireGrant(input, caller) {
      if (input.GrantToken !== undefined) {
        for (const record of keys.list(caller)) {
          const grant = record.grants.find(({ token }) => token === input.GrantToken);
          if (grant === undefined) continue;
          stopDryRun(input);
          return remove(record.keyId, grant.grantId);
        }
        throw new AwsError('InvalidGrantTokenException', 'The grant token is invalid.');
      }
      if (input.KeyId === undefined || input.GrantId === undefined)
        throw invalid('Must specify either a grant token or a key ID and a grant ID.');
      const record = await keyOf(context, input.KeyId, caller);
      find(record, input.GrantId);
      stopDryRun(input);
      return remove(record.keyId, input.GrantId);
    },
  };
}

function constraintsOf(
  constraints: NonNullable<GrantListEntry['Constraints']>,
): NonNullable<Grant['constraints']> {
  const { EncryptionContextEquals, EncryptionContextSubset } = constraints;
  return {
    ...(EncryptionContextEquals === undefined ? {} : { EncryptionContextEquals }),
    ...(EncryptionContextSubset === undefined ? {} : { EncryptionContextSubset }),
  };
}

function byId<T extends { readonly grantId: string }>(grants: readonly T[]): T[] {
  return [...grants].sort((a, b) => (a.grantId < b.grantId ? -1 : 1));
}

function shown(record: KeyRecord, grant: Grant): GrantListEntry {
  return {
    KeyId: keyArn(record),
    GrantId: grant.grantId,
    Name: grant.name ?? '',
    CreationDate: new Date(grant.createdMs),
    GranteePrincipal: grant.granteePrincipal,
    ...(grant.retiringPrincipal === undefined ? {} : { RetiringPrincipal: grant.retiringPrincipal }),
    IssuingAccount: grant.issuingAccount,
    Operations: grant.operations as NonNullable<GrantListEntry['Operations']>,
    ...(grant.constraints === undefined ? {} : { Constraints: { ...grant.constraints } }),
  };
}

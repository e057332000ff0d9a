import { AwsError } from '../../core/errors.ts';
import type { Scope } from './key-record.ts';
import { aliasArn } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, pageOf } from './kms-context.ts';
import { aliasNotFound, pendingDeletion } from './kms-errors.ts';

/** Names under it belong to AWS. */
const RESERVED_PREFIX = 'alias/aws/';

type AliasOperations = 'CreateAlias' | 'UpdateAlias' | 'DeleteAlias' | 'ListAliases';

export function aliasOperations(context: KmsContext): Required<Pick<KmsOperations, AliasOperations>> {
  const { keys, clock } = context;
  const target = async (identifier: string, caller: Scope): Promise<string> => {
    const record = await keyOf(context, identifier, caller);
    if (record.state === 'PendingDeletion') throw pendingDeletion(record);
    return record.keyId;
  };
  return {
    async CreateAlias(input, caller) {
      const name = checkName(input.AliasName!);
      const targetKeyId = await target(input.TargetKeyId!, caller);
      const { accountId, region } = caller;
      await keys.changeAlias(caller, name, (existing) => {
        if (existing !== undefined) {
          throw new AwsError(
            'AlreadyExistsException',
            `An alias with the name ${aliasArn(caller, name)} already exists`,
          );
        }
        const now = clock.now();
        return { accountId, region, name, targetKeyId, createdMs: now, updatedMs: now };
      });
      return {};
    },

    async UpdateAlias(input, caller) {
      const name = checkName(input.AliasName!);
      const targetKeyId = await target(input.TargetKeyId!, caller);
      await keys.changeAlias(caller, name, (existing) => {
        if (existing === undefined) throw aliasNotFound(aliasArn(caller, name));
        const [from, to] = [keys.byId(existing.targetKeyId), keys.byId(targetKeyId)];
        if (from?.keyUsage !== to?.keyUsage || from?.keySpec.slice(0, 4) !== to?.keySpec.slice(0, 4)) {
          throw new AwsError(
            'ValidationException',
            `Alias ${name} cannot be changed to a key of another type.`,
            {},
            400,
          );
        }
        return { ...existing, targetKeyId, updatedMs: clock.now() };
      });
      return {};
    },

    async DeleteAlias(input, caller) {
      const name = checkName(input.AliasName!);
      await keys.changeAlias(caller, name, (existing) => {
        if (existing === undefined) throw aliasNotFound(aliasArn(caller, name));
        return undefined;
      });
      return {};
    },

    async ListAliases(input, caller) {
      const only = input.KeyId === undefined ? undefined : (await keyOf(context, input.KeyId, caller)).keyId;
      const aliases = keys
        .aliasesOf(caller)
        .filter(({ targetKeyId }) => only === undefined || targetKeyId === only);
      const { page, more } = pageOf(aliases, ({ name }) => name, input);
      return {
        Aliases: page.map((alias) => ({
          AliasName: alias.name,
          AliasArn: aliasArn(alias, alias.name),
          TargetKeyId: alias.targetKeyId,
          CreationDate: new Date(alias.createdMs),
          LastUpdatedDate: new Date(alias.updatedMs),
        })),
        ...more,
      };
    },
  };
}

function checkName(name: string): string {
  if (!name.startsWith('alias/')) {
    throw new AwsError(
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      {},
      400,
    );
  }
  if (name.startsWith(RESERVED_PREFIX)) throw new AwsError('NotAuthorizedException', '', {}, 400);
  return name;
}

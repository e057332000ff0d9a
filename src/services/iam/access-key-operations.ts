import { newAccessKeyId, newSecretAccessKey } from '../../core/access-key.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { noSuchEntity, quotaExceeded } from './iam-errors.ts';
import type { AccessKeyRecord, UserRecord } from './iam-records.ts';
import { pageOf } from './pages.ts';
import { callingUser } from './user-operations.ts';

/** AWS's quota, which cannot be raised. */
const MAX_ACCESS_KEYS = 2;

export function accessKeyOperations({ store, clock, ids }: IamContext): IamOperations {
  return {
    CreateAccessKey: (input, caller) =>
      store.change(async () => {
        const user = store.user(caller.accountId, input.UserName ?? callingUser(caller));
        if (user.accessKeys.length >= MAX_ACCESS_KEYS)
          throw quotaExceeded('AccessKeysPerUser', MAX_ACCESS_KEYS);
        const key: AccessKeyRecord = {
          id: newAccessKeyId('AKIA', caller.accountId, ids),
          secret: newSecretAccessKey(ids),
          active: true,
          createdMs: clock.now(),
        };
        await store.users.save({ ...user, accessKeys: [...user.accessKeys, key] });
        return { AccessKey: { ...describeKey(user, key), SecretAccessKey: key.secret } };
      }),

    async ListAccessKeys(input, caller) {
      const user = store.user(caller.accountId, input.UserName ?? callingUser(caller));
      const { items, rest } = pageOf(user.accessKeys, ({ id }) => id, input);
      return { AccessKeyMetadata: items.map((key) => describeKey(user, key)), ...rest };
    },

    UpdateAccessKey: (input, caller) =>
      store.change(async () => {
        const user = store.user(caller.accountId, input.UserName ?? callingUser(caller));
        const key = keyOf(user, input.AccessKeyId!);
        const active = input.Status === 'Active';
        const accessKeys = user.accessKeys.map((each) => (each === key ? { ...key, active } : each));
        await store.users.save({ ...user, accessKeys });
        return {};
      }),

    DeleteAccessKey: (input, caller) =>
      store.change(async () => {
        const user = store.user(caller.accountId, input.UserName ?? callingUser(caller));
        const key = keyOf(user, input.AccessKeyId!);
        const accessKeys = user.accessKeys.filter((each) => each !== key);
        await store.users.save({ ...user, accessKeys });
        return {};
      }),
  };
}

function keyOf(user: UserRecord, accessKeyId: string): AccessKeyRecord {
  const key = user.accessKeys.find(({ id }) => id === accessKeyId);
  if (key === undefined) throw noSuchEntity(`The Access Key with id ${accessKeyId} cannot be found.`);
  return key;
}

function describeKey(user: UserRecord, { id, active, createdMs }: AccessKeyRecord) {
  return {
    UserName: user.name,
    AccessKeyId: id,
    Status: active ? ('Active' as const) : ('Inactive' as const),
    CreateDate: new Date(createdMs),
  };
}

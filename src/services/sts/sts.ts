import type { Operations, Service } from '../../ports/service.ts';

/**
 * Security Token Service: who the caller is. There are no users yet, so every access key is one of
 * the account's root user.
 */
export type StsOperations = Operations<typeof import('@aws-sdk/client-sts')>;

export function stsService(): Service {
  const operations: StsOperations = {
    async GetCallerIdentity(_input, { accountId }) {
      return { UserId: accountId, Account: accountId, Arn: `arn:aws:iam::${accountId}:root` };
    },

    async GetAccessKeyInfo(_input, { accountId }) {
      return { Account: accountId };
    },
  };
  return { name: 'sts', operations: operations as Service['operations'] };
}

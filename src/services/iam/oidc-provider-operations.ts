/** OpenID Connect providers: whose tokens STS takes for credentials. Source: IAM API reference and User Guide, "OIDC federation". */

import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { invalidInput, noSuchEntity, quotaExceeded, validationError } from './iam-errors.ts';
import type { OidcProviderRecord } from './iam-records.ts';
import { providerName } from './oidc-provider.ts';
import { tagMember, tagPage, tagsOf, withoutTags, withTags } from './tags.ts';

/** By the IAM User Guide's quotas. */
const MAX_CLIENT_IDS = 100;
const MAX_THUMBPRINTS = 5;
const THUMBPRINT = /^[0-9a-f]{40}$/i;

export function oidcProviderOperations({ store, clock }: IamContext): IamOperations {
  const { oidcProviders: providers } = store;
  const get = (accountId: string, arn: string | undefined): OidcProviderRecord => {
    const { resource = '', accountId: owner } = parseArn(arn ?? '') ?? {};
    const name = resource.replace(/^oidc-provider\//, '');
    const record = owner === accountId ? providers.find(accountId, name) : undefined;
    if (record === undefined) throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
    return record;
  };
  const changing = (
    accountId: string,
    arn: string | undefined,
    change: (provider: OidcProviderRecord) => Partial<OidcProviderRecord>,
  ) =>
    store.change(async () => {
      const provider = get(accountId, arn);
      await providers.save({ ...provider, ...change(provider) });
      return {};
    });
  return {
    CreateOpenIDConnectProvider: (input, { accountId }) =>
      store.change(async () => {
        const name = providerName(input.Url!);
        if (name === undefined) throw validationError('Invalid Open ID Connect Provider URL');
        if (providers.find(accountId, name) !== undefined)
          throw new AwsError('EntityAlreadyExists', `Provider with url ${input.Url} already exists.`);
        const provider: OidcProviderRecord = {
          accountId,
          name,
          clientIds: checkedClientIds(input.ClientIDList ?? []),
          thumbprints: checkedThumbprints(input.ThumbprintList ?? []),
          tags: tagsOf(input.Tags),
          createdMs: clock.now(),
        };
        await providers.save(provider);
        return { OpenIDConnectProviderArn: arnOf(provider), ...tagMember(provider.tags) };
      }),

    async GetOpenIDConnectProvider({ OpenIDConnectProviderArn: arn }, { accountId }) {
      const { name, clientIds, thumbprints, createdMs, tags } = get(accountId, arn);
      return {
        Url: name,
        ClientIDList: [...clientIds],
        ThumbprintList: [...thumbprints],
        CreateDate: new Date(createdMs),
        ...tagMember(tags),
      };
    },

    async ListOpenIDConnectProviders(_input, { accountId }) {
      return { OpenIDConnectProviderList: providers.list(accountId).map((one) => ({ Arn: arnOf(one) })) };
    },

    DeleteOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn }, { accountId }) =>
      store.change(async () => {
        await providers.remove(get(accountId, arn));
        return {};
      }),

    AddClientIDToOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn, ClientID: id }, { accountId }) =>
      changing(accountId, arn, ({ clientIds }) => ({
        clientIds: checkedClientIds([...new Set([...clientIds, id!])]),
      })),

    // API reference: it does not fail where the id is not there.
    RemoveClientIDFromOpenIDConnectProvider: (
      { OpenIDConnectProviderArn: arn, ClientID: id },
      { accountId },
    ) => changing(accountId, arn, ({ clientIds }) => ({ clientIds: clientIds.filter((one) => one !== id) })),

    UpdateOpenIDConnectProviderThumbprint: (input, { accountId }) =>
      changing(accountId, input.OpenIDConnectProviderArn, () => ({
        thumbprints: checkedThumbprints(input.ThumbprintList!),
      })),

    TagOpenIDConnectProvider: (input, { accountId }) =>
      changing(accountId, input.OpenIDConnectProviderArn, ({ tags }) => ({
        tags: withTags(tags, input.Tags, 'TagsPerOpenIDConnectProvider'),
      })),

    UntagOpenIDConnectProvider: (input, { accountId }) =>
      changing(accountId, input.OpenIDConnectProviderArn, ({ tags }) => ({
        tags: withoutTags(tags, input.TagKeys),
      })),

    async ListOpenIDConnectProviderTags(input, { accountId }) {
      return tagPage(get(accountId, input.OpenIDConnectProviderArn).tags, input);
    },
  };
}

function arnOf({ accountId, name }: OidcProviderRecord): string {
  return `arn:aws:iam::${accountId}:oidc-provider/${name}`;
}

function checkedClientIds(clientIds: readonly string[]): readonly string[] {
  if (clientIds.length > MAX_CLIENT_IDS)
    throw quotaExceeded('ClientIdsPerOpenIdConnectProvider', MAX_CLIENT_IDS);
  return clientIds;
}

function checkedThumbprints(thumbprints: readonly string[]): readonly string[] {
  if (thumbprints.length > MAX_THUMBPRINTS)
    throw invalidInput('Thumbprint list must contain fewer than 5 entries.');
  if (!thumbprints.every((thumbprint) => THUMBPRINT.test(thumbprint)))
    throw invalidInput('Thumbprint must be a hexadecimal SHA-1 hash of a certificate.');
  return thumbprints.map((thumbprint) => thumbprint.toLowerCase());
}

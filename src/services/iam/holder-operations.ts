/** Operations that users, groups and roles have alike: only their names differ, and the member that names the entity. */
import type { RequestContext } from '../../ports/service.ts';
import type { IamOperations } from './iam-context.ts';
import type { EntityNoun } from './iam-errors.ts';
import { noSuchEntity } from './iam-errors.ts';
import type { BoundedRecord, PolicyHolder } from './iam-records.ts';
import type { PageInput } from './pages.ts';
import type { PolicyHolders } from './policy-holders.ts';
import type { Tag } from './tags.ts';
import { tagPage, withoutTags, withTags } from './tags.ts';

type Noun = Capitalize<EntityNoun>;

type PolicyOperation<N extends Noun> =
  | `${'Put' | 'Get' | 'Delete' | 'Attach' | 'Detach'}${N}Policy`
  | `List${N}Policies`
  | `ListAttached${N}Policies`;

type BoundedOperation<N extends Noun> =
  | `${'Tag' | 'Untag'}${N}`
  | `List${N}Tags`
  | `${'Put' | 'Delete'}${N}PermissionsBoundary`;

interface HolderInput extends PageInput {
  readonly UserName?: string;
  readonly GroupName?: string;
  readonly RoleName?: string;
  readonly PolicyName?: string;
  readonly PolicyDocument?: string;
  readonly PolicyArn?: string;
  readonly PathPrefix?: string;
  readonly PermissionsBoundary?: string;
  readonly Tags?: readonly Tag[];
  readonly TagKeys?: readonly string[];
}

/** By name; the SDK's types tell them apart, which here are made of one. */
type Operations = Readonly<Record<string, (input: HolderInput, caller: RequestContext) => Promise<object>>>;

/** Inline policies and attached ones. */
export function policyHolderOperations<N extends Noun>(
  noun: N,
  holders: Omit<PolicyHolders<PolicyHolder>, 'update'>,
): Pick<IamOperations, PolicyOperation<N>> {
  const member = `${noun}Name` as const;
  const operations: Operations = {
    async [`Put${noun}Policy`](input, { accountId }) {
      await holders.putInline(accountId, input[member]!, input.PolicyName!, input.PolicyDocument!);
      return {};
    },
    async [`Get${noun}Policy`](input, { accountId }) {
      const name = input[member]!;
      return { [member]: name, ...holders.getInline(accountId, name, input.PolicyName!) };
    },
    async [`Delete${noun}Policy`](input, { accountId }) {
      await holders.deleteInline(accountId, input[member]!, input.PolicyName!);
      return {};
    },
    async [`List${noun}Policies`](input, { accountId }) {
      return holders.listInline(accountId, input[member]!, input);
    },
    async [`Attach${noun}Policy`](input, { accountId }) {
      await holders.attach(accountId, input[member]!, input.PolicyArn!);
      return {};
    },
    async [`Detach${noun}Policy`](input, { accountId }) {
      await holders.detach(accountId, input[member]!, input.PolicyArn!);
      return {};
    },
    async [`ListAttached${noun}Policies`](input, { accountId }) {
      return holders.listAttached(accountId, input[member]!, input);
    },
  };
  return operations as Pick<IamOperations, PolicyOperation<N>>;
}

/** Tags and permissions boundaries, which groups do not have. */
export function boundedOperations<N extends Exclude<Noun, 'Group'>, T extends BoundedRecord>(
  noun: N,
  holders: PolicyHolders<T>,
): Pick<IamOperations, BoundedOperation<N>> {
  const member = `${noun}Name` as const;
  const operations: Operations = {
    async [`Tag${noun}`](input, { accountId }) {
      await holders.update(accountId, input[member]!, (record) => ({
        ...record,
        tags: withTags(record.tags, input.Tags, `TagsPer${noun}`),
      }));
      return {};
    },
    async [`Untag${noun}`](input, { accountId }) {
      await holders.update(accountId, input[member]!, (record) => ({
        ...record,
        tags: withoutTags(record.tags, input.TagKeys),
      }));
      return {};
    },
    async [`List${noun}Tags`](input, { accountId }) {
      return tagPage(holders.get(accountId, input[member]!).tags, input);
    },
    async [`Put${noun}PermissionsBoundary`](input, { accountId }) {
      const boundary = input.PermissionsBoundary!;
      await holders.update(accountId, input[member]!, (record) => {
        holders.requireAttachable(accountId, boundary);
        return { ...record, boundary };
      });
      return {};
    },
    async [`Delete${noun}PermissionsBoundary`](input, { accountId }) {
      await holders.update(accountId, input[member]!, (record) => {
        if (record.boundary !== undefined) return { ...record, boundary: undefined };
        const entity = `${noun.toLowerCase()} with name ${record.name}`;
        throw noSuchEntity(`The ${entity} does not have a permissions boundary.`);
      });
      return {};
    },
  };
  return operations as Pick<IamOperations, BoundedOperation<N>>;
}

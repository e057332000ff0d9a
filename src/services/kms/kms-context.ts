import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations } from '../../ports/service.ts';
import type { KeyRecord, KeyUsage, Scope } from './key-record.ts';
import type { KeyTable } from './key-table.ts';
import { dryRun, invalid, invalidUsage, keyDisabled, pendingDeletion } from './kms-errors.ts';
import type { ManagedKeys } from './managed-keys.ts';
import type { RootKey } from './root-key.ts';

/** What the operations share. */
export interface KmsContext {
  readonly keys: KeyTable;
  readonly managed: ManagedKeys;
  readonly root: RootKey;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type KmsOperations = Operations<typeof import('@aws-sdk/client-kms')>;

/** The key that is named; those that services keep for an account come into being when they are asked for. */
export async function keyOf(
  { keys, managed }: KmsContext,
  identifier: string,
  caller: Scope,
): Promise<KeyRecord> {
  await managed.ensure(identifier, caller);
  return keys.find(identifier, caller);
}

/** Throws unless the key can be used for the operation now. */
export function requireUsable(record: KeyRecord, usage: KeyUsage, operation: string): void {
  if (record.state === 'Disabled') throw keyDisabled(record);
  if (record.state === 'PendingDeletion') throw pendingDeletion(record);
  if (record.keyUsage !== usage) throw invalidUsage(record, operation);
}

/** Changes of a key that services keep are theirs alone. */
export function requireCustomerManaged(record: KeyRecord): void {
  if (record.manager === 'AWS') throw invalid('You cannot perform this operation on an AWS managed key.');
}

/** To be called when nothing speaks against the request any more, and before it has an effect. */
export function stopDryRun({ DryRun }: { readonly DryRun?: boolean | undefined }): void {
  if (DryRun === true) throw dryRun();
}

/** Items of a page when the caller does not say. Source: ListKeys, "100 by default". */
const PAGE_ITEMS = 100;

export interface PageRequest {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

/** A page of `items`, which are in the order of `nameOf`; the marker is the last name of the page. */
export function pageOf<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  { Limit = PAGE_ITEMS, Marker }: PageRequest,
): { readonly page: T[]; readonly more: { readonly Truncated: boolean; readonly NextMarker?: string } } {
  const after = Marker === undefined ? undefined : Buffer.from(Marker, 'base64url').toString();
  const rest = after === undefined ? items : items.filter((item) => nameOf(item) > after);
  const page = rest.slice(0, Limit);
  const last = page.at(-1);
  if (last === undefined || rest.length <= Limit) return { page, more: { Truncated: false } };
  return {
    page,
    more: { Truncated: true, NextMarker: Buffer.from(nameOf(last)).toString('base64url') },
  };
}

/** What can have a resource policy: a function, a version of it, or an alias. */
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionNotFound } from '../records/function-identifier.ts';
import type { FunctionPolicy, StoredDocument } from '../records/function-policy-table.ts';
import { LATEST } from '../records/function-record.ts';
import type { FunctionChange } from '../records/function-table.ts';
import { existingAlias } from './alias-operations.ts';
import type { ControlContext } from './control-context.ts';
import { invalidParameter } from './lambda-errors.ts';

/** Names that an alias can have, and a version cannot. */
const ALIAS_NAME = /^(?!\d+$)[a-zA-Z0-9-_]+$/;

export interface PolicySubject {
  /** Under which the policy is stored. */
  readonly qualifier: string;
  readonly isAlias: boolean;
  readonly revisionId: string;
  /** A change of the policy is one of the resource, as was recorded: both get the same new revision. */
  withRevision(revisionId: string): FunctionChange;
}

/** Throws AWS's errors for what is not there, and for `$LATEST` by name. */
export function policySubject(context: ControlContext, identifier: FunctionIdentifier): PolicySubject {
  const { table, aliases } = context;
  const { accountId, region, functionName, qualifier = LATEST } = identifier;
  if (identifier.qualifier === LATEST)
    throw invalidParameter('We currently do not support adding policies for $LATEST.');
  const hasAliasName = ALIAS_NAME.test(qualifier);
  if (table.find(accountId, region, functionName, LATEST) === undefined) throw functionNotFound(identifier);
  if (hasAliasName) {
    const alias = existingAlias(context, identifier);
    return {
      qualifier,
      isAlias: true,
      revisionId: alias.revisionId,
      withRevision: (revisionId) => ({
        joined: [aliases.put(identifier, qualifier, { ...alias, revisionId })],
      }),
    };
  }
  const record = table.find(accountId, region, functionName, qualifier);
  if (record === undefined) throw functionNotFound(identifier);
  return {
    qualifier,
    isAlias: false,
    revisionId: record.revisionId,
    withRevision: (revisionId) => ({ put: [{ ...record, revisionId }] }),
  };
}

/**
 * Decides and stores the policy of a resource while nothing else of its function changes; `decide` gives
 * the new document, undefined for none.
 */
export async function changePolicy(
  context: ControlContext,
  identifier: FunctionIdentifier,
  decide: (subject: PolicySubject, known: FunctionPolicy | undefined) => StoredDocument | undefined,
): Promise<FunctionPolicy | undefined> {
  const { table, policies, ids } = context;
  const { accountId, region, functionName } = identifier;
  let stored: FunctionPolicy | undefined;
  await table.change(accountId, region, functionName, () => {
    const subject = policySubject(context, identifier);
    const { qualifier } = subject;
    const revisionId = ids.uuid();
    const document = decide(subject, policies.get(identifier, qualifier));
    stored = document && { document, revisionId };
    const change = subject.withRevision(revisionId);
    const policy =
      stored === undefined
        ? policies.remove(identifier, qualifier)
        : policies.put(identifier, qualifier, stored);
    return { ...change, joined: [...(change.joined ?? []), policy] };
  });
  return stored;
}

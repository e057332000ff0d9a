import type { Operations, RequestContext } from '../../ports/service.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { CodeLinks } from './code-links.ts';
import type { ControlTables } from './control-tables.ts';
import type { FunctionControlDependencies } from './function-control-dependencies.ts';

/** What the operations of the control plane share. */
export interface ControlContext extends FunctionControlDependencies, ControlTables {
  readonly links: CodeLinks;
}

export type LambdaOperations = Operations<typeof import('@aws-sdk/client-lambda')>;

/** The function a request names, of an alias the version that it points to; throws AWS's error when there is none. */
export function findFunction(
  { table, aliases }: ControlContext,
  name: string | undefined,
  requested: string | undefined,
  caller: Pick<RequestContext, 'accountId' | 'region'>,
): { readonly identifier: FunctionIdentifier; readonly record: FunctionRecord } {
  const identifier = parseFunctionIdentifier(name ?? '', requested, caller);
  const { accountId, region, functionName } = identifier;
  const qualifier = identifier.qualifier ?? LATEST;
  const version = aliases.get(identifier, qualifier)?.functionVersion ?? qualifier;
  const record = table.find(accountId, region, functionName, version);
  if (record === undefined) throw functionNotFound(identifier);
  return { identifier, record };
}

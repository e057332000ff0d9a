import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import { capacityResource } from './provisioned-capacity.ts';
import { invalid, notImplemented } from './scaling-errors.ts';
import type { TargetKey } from './scaling-records.ts';
import type { TargetTable } from './target-table.ts';

/** What the operations share. */
export interface ScalingContext {
  readonly table: TargetTable;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type ScalingOperations = Operations<typeof import('@aws-sdk/client-application-auto-scaling')>;

const LAMBDA_DIMENSION = 'lambda:function:ProvisionedConcurrency';

export interface NamedTarget {
  readonly ServiceNamespace: string | undefined;
  readonly ResourceId?: string | undefined;
  readonly ScalableDimension?: string | undefined;
}

/** The target that a request names. Throws where it could not be one, or is of a service that is not scaled here. */
export function keyOf(
  operation: string,
  input: NamedTarget,
  { accountId, region }: RequestContext,
): TargetKey {
  requireLambda(operation, input.ServiceNamespace);
  if (input.ScalableDimension !== undefined && input.ScalableDimension !== LAMBDA_DIMENSION)
    throw invalid(`Unsupported service namespace, resource type or scalable dimension`);
  if (capacityResource(input.ResourceId ?? '') === undefined)
    throw invalid('ResourceId validation failed: expected function:<function-name>:<version or alias>');
  return {
    accountId,
    region,
    serviceNamespace: 'lambda',
    resourceId: input.ResourceId!,
    scalableDimension: LAMBDA_DIMENSION,
  };
}

export function requireLambda(operation: string, namespace: string | undefined): void {
  if (namespace !== 'lambda') throw notImplemented(operation, `ServiceNamespace ${namespace}`);
}

/** Items of a page when the caller does not say. Source: API reference, "the default is 50". */
const PAGE_ITEMS = 50;

export function pageOf<T>(
  items: readonly T[],
  { MaxResults = PAGE_ITEMS, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
): { readonly page: T[]; readonly next: { readonly NextToken?: string } } {
  const from = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, 'base64url').toString());
  if (!Number.isSafeInteger(from) || from < 0) throw invalidToken();
  const to = from + MaxResults;
  return {
    page: items.slice(from, to),
    next: to < items.length ? { NextToken: Buffer.from(String(to)).toString('base64url') } : {},
  };
}

function invalidToken(): Error {
  return invalid('Invalid NextToken');
}

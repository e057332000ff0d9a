import type { GetFunctionResponse } from '@aws-sdk/client-lambda';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import {
  ACCOUNT_CONCURRENCY,
  MAX_UNZIPPED_BYTES,
  MAX_ZIP_BYTES,
  PAGE_ITEMS,
  TOTAL_CODE_BYTES,
} from './control-limits.ts';
import { functionConfiguration } from './function-configuration.ts';
import { invalidParameter } from './lambda-errors.ts';

type ReadOperations = Required<
  Pick<LambdaOperations, 'GetFunction' | 'GetFunctionConfiguration' | 'ListFunctions' | 'GetAccountSettings'>
>;

export function readOperations(context: ControlContext): ReadOperations {
  const { table } = context;
  return {
    async GetFunction(input, caller) {
      const { identifier, record } = findFunction(context, input.FunctionName, input.Qualifier, caller);
      const { accountId, region, functionName, qualifier } = identifier;
      const { tags } = table.meta(accountId, region, functionName);
      const answer: GetFunctionResponse = {
        Configuration: functionConfiguration(record, { qualified: qualifier !== undefined, states: true }),
        Code: { RepositoryType: 'S3', Location: context.links.linkTo(record.code.blob, caller.origin) },
        ...(Object.keys(tags).length === 0 ? {} : { Tags: { ...tags } }),
      };
      return answer;
    },

    async GetFunctionConfiguration(input, caller) {
      const { identifier, record } = findFunction(context, input.FunctionName, input.Qualifier, caller);
      return functionConfiguration(record, { qualified: identifier.qualifier !== undefined, states: true });
    },

    async ListFunctions(input, caller) {
      const { accountId, region } = caller;
      const { page, next } = pageOf(table.names(accountId, region), input.Marker, input.MaxItems);
      // Regions are apart here, so nothing was replicated from another one.
      const isElsewhere =
        input.MasterRegion !== undefined && input.MasterRegion !== 'ALL' && input.MasterRegion !== region;
      const names = isElsewhere ? [] : page;
      const records =
        input.FunctionVersion === 'ALL'
          ? names.flatMap((name) => table.versions(accountId, region, name))
          : names.flatMap((name) => table.find(accountId, region, name, LATEST) ?? []);
      return {
        Functions: records.map((record) =>
          functionConfiguration(record, { qualified: input.FunctionVersion === 'ALL', states: false }),
        ),
        ...(next === undefined || isElsewhere ? {} : { NextMarker: next }),
      };
    },

    async GetAccountSettings(_input, caller) {
      const { accountId, region } = caller;
      let codeBytes = 0;
      const names = table.names(accountId, region);
      for (const name of names)
        for (const { code } of table.versions(accountId, region, name)) codeBytes += code.sizeBytes;
      return {
        AccountLimit: {
          TotalCodeSize: TOTAL_CODE_BYTES,
          CodeSizeUnzipped: MAX_UNZIPPED_BYTES,
          CodeSizeZipped: MAX_ZIP_BYTES,
          ConcurrentExecutions: ACCOUNT_CONCURRENCY,
          UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY,
        },
        AccountUsage: { TotalCodeSize: codeBytes, FunctionCount: names.length },
      };
    },
  };
}

/** A page of sorted names after the one that the marker holds. */
export function pageOf(
  names: readonly string[],
  marker: string | undefined,
  maxItems: number | undefined,
): { readonly page: readonly string[]; readonly next: string | undefined } {
  const after = marker === undefined ? undefined : decodeMarker(marker);
  const start = after === undefined ? 0 : firstAfter(names, after);
  const size = Math.min(maxItems ?? PAGE_ITEMS, PAGE_ITEMS);
  const page = names.slice(start, start + size);
  const hasMore = start + size < names.length;
  return { page, next: hasMore ? encodeMarker(page.at(-1)!) : undefined };
}

function firstAfter(names: readonly string[], after: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (names[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function encodeMarker(name: string): string {
  return Buffer.from(JSON.stringify({ after: name })).toString('base64');
}

function decodeMarker(marker: string): string {
  try {
    const { after } = JSON.parse(Buffer.from(marker, 'base64').toString()) as { after?: unknown };
    if (typeof after === 'string') return after;
  } catch {
    // Refused below.
  }
  throw invalidParameter('Invalid marker. Please use the NextMarker of an earlier answer.');
}

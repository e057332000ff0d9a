import type { GetFunctionResponse } from '@aws-sdk/client-lambda';
import { ACCOUNT_CONCURRENCY } from '../records/concurrency-settings.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { MAX_UNZIPPED_BYTES, MAX_ZIP_BYTES, TOTAL_CODE_BYTES } from './control-limits.ts';
import { functionConfiguration } from './function-configuration.ts';
import { pageOfFunctions } from './page.ts';

type ReadOperations = Required<
  Pick<LambdaOperations, 'GetFunction' | 'GetFunctionConfiguration' | 'ListFunctions' | 'GetAccountSettings'>
>;

/** A link to the zip, or the name of the image. */
function codeLocation(
  { links }: ControlContext,
  { code }: FunctionRecord,
  origin: string,
): NonNullable<GetFunctionResponse['Code']> {
  const { image } = code;
  if (image === undefined) return { RepositoryType: 'S3', Location: links.linkTo(code.blob, origin) };
  return { RepositoryType: 'ECR', ImageUri: image.uri, ResolvedImageUri: image.resolvedUri };
}

export function readOperations(context: ControlContext): ReadOperations {
  const { table } = context;
  return {
    async GetFunction(input, caller) {
      const { identifier, record } = findFunction(context, input.FunctionName, input.Qualifier, caller);
      const { accountId, region, functionName, qualifier } = identifier;
      const { tags } = table.meta(accountId, region, functionName);
      const reserved = context.concurrency.reserved(identifier);
      const answer: GetFunctionResponse = {
        Configuration: functionConfiguration(await table.readable(record), {
          qualified: qualifier ?? false,
          states: true,
        }),
        Code: codeLocation(context, record, caller.origin),
        ...(Object.keys(tags).length === 0 ? {} : { Tags: { ...tags } }),
        ...(reserved === undefined ? {} : { Concurrency: { ReservedConcurrentExecutions: reserved } }),
      };
      return answer;
    },

    async GetFunctionConfiguration(input, caller) {
      const { identifier, record } = findFunction(context, input.FunctionName, input.Qualifier, caller);
      return functionConfiguration(await table.readable(record), {
        qualified: identifier.qualifier ?? false,
        states: true,
      });
    },

    async ListFunctions(input, caller) {
      const { accountId, region } = caller;
      // Regions are apart here, so nothing was replicated from another one.
      const isElsewhere =
        input.MasterRegion !== undefined && input.MasterRegion !== 'ALL' && input.MasterRegion !== region;
      if (isElsewhere) return { Functions: [] };
      const all = input.FunctionVersion === 'ALL';
      const versionsOf = all
        ? (name: string) => table.versions(accountId, region, name)
        : (name: string) =>
            [table.find(accountId, region, name, LATEST)].filter((found) => found !== undefined);
      const { page, next } = pageOfFunctions(table.names(accountId, region), versionsOf, input);
      return {
        Functions: page.map((record) => functionConfiguration(record, { qualified: all, states: false })),
        ...(next === undefined ? {} : { NextMarker: next }),
      };
    },

    async GetAccountSettings(_input, caller) {
      const { accountId, region } = caller;
      let codeBytes = 0;
      const names = table.names(accountId, region);
      for (const name of names)
        for (const { code } of table.versions(accountId, region, name)) codeBytes += code.sizeBytes;
      for (const layer of context.layers.all())
        if (layer.accountId === accountId && layer.region === region) codeBytes += layer.code.sizeBytes;
      return {
        AccountLimit: {
          TotalCodeSize: TOTAL_CODE_BYTES,
          CodeSizeUnzipped: MAX_UNZIPPED_BYTES,
          CodeSizeZipped: MAX_ZIP_BYTES,
          ConcurrentExecutions: ACCOUNT_CONCURRENCY,
          UnreservedConcurrentExecutions: context.concurrency.unreserved(accountId, region),
        },
        AccountUsage: { TotalCodeSize: codeBytes, FunctionCount: names.length },
      };
    },
  };
}

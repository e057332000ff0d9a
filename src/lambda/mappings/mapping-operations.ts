/** Create-, Get-, List-, Update- and DeleteEventSourceMapping; fields and words as recorded for SQS where they are. */
import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import { pageByKey } from '../control/keyed-page.ts';
import { noSuchResource } from '../control/lambda-errors.ts';
import { checkTags } from '../control/resource-tags.ts';
import type { AliasDirectory } from '../records/alias-table.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { MappingRecord, MappingTable } from '../records/mapping-table.ts';
import { mappingArn } from '../records/mapping-table.ts';
import type { MappingPollers, MappingState } from './mapping-pollers.ts';
import { changedSettings, checkedSource, checkSettings } from './mapping-settings.ts';

type LambdaOperations = Operations<typeof import('@aws-sdk/client-lambda')>;
type MappingOperations = Required<
  Pick<
    LambdaOperations,
    | 'CreateEventSourceMapping'
    | 'GetEventSourceMapping'
    | 'ListEventSourceMappings'
    | 'UpdateEventSourceMapping'
    | 'DeleteEventSourceMapping'
  >
>;

export interface MappingOperationsDependencies {
  readonly table: MappingTable;
  readonly pollers: MappingPollers;
  readonly directory: FunctionDirectory;
  readonly aliases: AliasDirectory;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function mappingOperations(deps: MappingOperationsDependencies): MappingOperations {
  const { table, pollers, clock, ids } = deps;
  const existing = (uuid: string | undefined, { accountId, region }: RequestContext): MappingRecord => {
    const record = table.find(uuid ?? '');
    if (record?.accountId !== accountId || record.region !== region) throw noSuchResource();
    return record;
  };
  const checked = (record: MappingRecord): MappingRecord => {
    const description = pollers.sourceOf(record.eventSourceArn)?.describe(record.eventSourceArn);
    checkSettings(record, description, functionOf(deps, record));
    return record;
  };

  return {
    async CreateEventSourceMapping(input, caller) {
      const eventSourceArn = checkedSource('CreateEventSourceMapping', input);
      const { accountId, region, functionName, qualifier } = parseFunctionIdentifier(
        input.FunctionName ?? '',
        undefined,
        caller,
      );
      checkTags(input.Tags ?? {});
      const record = checked({
        uuid: ids.uuid(),
        accountId,
        region,
        functionName,
        ...(qualifier === undefined ? {} : { qualifier }),
        eventSourceArn,
        ...changedSettings('CreateEventSourceMapping', undefined, input),
        tags: input.Tags ?? {},
        lastModifiedMs: clock.now(),
      });
      refuseSecond(table, record);
      await pollers.create(record);
      return described(record, 'Creating');
    },

    async GetEventSourceMapping(input, caller) {
      const record = existing(input.UUID, caller);
      return described(record, pollers.stateOf(record));
    },

    async ListEventSourceMappings(input, caller) {
      const { FunctionName, EventSourceArn } = input;
      const named =
        FunctionName === undefined ? undefined : parseFunctionIdentifier(FunctionName, undefined, caller);
      const matching = table
        .all()
        .filter(
          (record) =>
            record.accountId === caller.accountId &&
            record.region === caller.region &&
            (EventSourceArn === undefined || record.eventSourceArn === EventSourceArn) &&
            (named === undefined || isFor(record, named)),
        );
      const { page, next } = pageByKey(
        matching,
        ({ uuid }) => uuid,
        ({ uuid }, key) => uuid > key,
        input,
      );
      return {
        ...next,
        EventSourceMappings: page.map((record) => described(record, pollers.stateOf(record))),
      };
    },

    async UpdateEventSourceMapping(input, caller) {
      const before = existing(input.UUID, caller);
      const { filters: _, maximumConcurrency: _maximum, ...kept } = before;
      const target = input.FunctionName === undefined ? {} : targetOf(input.FunctionName, caller);
      const after = checked({
        ...kept,
        ...target,
        ...changedSettings('UpdateEventSourceMapping', before, input),
        lastModifiedMs: clock.now(),
      });
      await pollers.update(before, after);
      return described(after, before.enabled === after.enabled ? 'Updating' : pollers.stateOf(after));
    },

    async DeleteEventSourceMapping(input, caller) {
      const record = existing(input.UUID, caller);
      await pollers.delete(record);
      return described(record, 'Deleting');
    },
  };
}

function targetOf(name: string, caller: RequestContext): Pick<MappingRecord, 'functionName' | 'qualifier'> {
  const { functionName, qualifier } = parseFunctionIdentifier(name, undefined, caller);
  return { functionName, ...(qualifier === undefined ? {} : { qualifier }) };
}

function isFor(record: MappingRecord, { functionName, qualifier }: FunctionIdentifier): boolean {
  return record.functionName === functionName && record.qualifier === qualifier;
}

function identifierOf({ accountId, region, functionName, qualifier }: MappingRecord): FunctionIdentifier {
  return { accountId, region, functionName, qualifier };
}

function functionOf(
  { directory, aliases }: MappingOperationsDependencies,
  mapping: MappingRecord,
): FunctionRecord {
  const { accountId, region, functionName, qualifier = LATEST } = mapping;
  const find = (version: string): FunctionRecord | undefined =>
    directory.find(accountId, region, functionName, version);
  const version = aliases.chooseVersion(mapping, qualifier);
  const record = find(qualifier) ?? (version === undefined ? undefined : find(version));
  if (record === undefined) throw functionNotFound(identifierOf(mapping));
  return record;
}

/** Recorded for a queue and a function that have a mapping already. */
function refuseSecond(table: MappingTable, { eventSourceArn, ...record }: MappingRecord): void {
  const other = table
    .all()
    .find(
      (candidate) =>
        candidate.eventSourceArn === eventSourceArn &&
        candidate.accountId === record.accountId &&
        candidate.functionName === record.functionName &&
        candidate.qualifier === record.qualifier,
    );
  if (other === undefined) return;
  throw new AwsError(
    'ResourceConflictException',
    `An event source mapping with SQS arn (" ${eventSourceArn} ") and function (" ${record.functionName} ") already exists. Please update or delete the existing mapping with UUID ${other.uuid}`,
    { Type: 'User' },
  );
}

function described(record: MappingRecord, state: MappingState): EventSourceMappingConfiguration {
  const { filters, maximumConcurrency, reportsItemFailures } = record;
  return {
    UUID: record.uuid,
    BatchSize: record.batchSize,
    MaximumBatchingWindowInSeconds: record.windowSeconds,
    EventSourceArn: record.eventSourceArn,
    ...(filters === undefined
      ? {}
      : { FilterCriteria: { Filters: filters.map((Pattern) => ({ Pattern })) } }),
    FunctionArn: functionArn(identifierOf(record)),
    LastModified: new Date(record.lastModifiedMs),
    State: state,
    StateTransitionReason: 'USER_INITIATED',
    FunctionResponseTypes: reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    ...(maximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
    EventSourceMappingArn: mappingArn(record),
  };
}

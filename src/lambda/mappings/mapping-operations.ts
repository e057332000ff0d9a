/** Create-, Get-, List-, Update- and DeleteEventSourceMapping; fields and words as recorded where they are. */
import { isDeepStrictEqual } from 'node:util';
import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import type { BrokerAddresses } from '../../core/broker-address.ts';
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { EventSource } from '../../ports/event-source.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import { pageByKey } from '../control/keyed-page.ts';
import { conflict, noSuchResource } from '../control/lambda-errors.ts';
import { checkTags } from '../control/resource-tags.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { MappingRecord, MappingTable } from '../records/mapping-table.ts';
import { checkBroker } from './broker-settings.ts';
import { FilterCipher } from './filter-cipher.ts';
import { refuseRecursion, refuseSharedGroup } from './kafka-settings.ts';
import type { MappedFunctionDependencies } from './mapped-function.ts';
import { mappedFunction } from './mapped-function.ts';
import { describedMapping } from './mapping-description.ts';
import { sourceOf } from './mapping-poller.ts';
import type { MappingPollers, MappingState } from './mapping-pollers.ts';
import { changedSettings, checkedSource, isStream } from './mapping-settings.ts';
import { checkQueue } from './queue-settings.ts';
import { checkStreamExists } from './stream-settings.ts';

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

export interface MappingOperationsDependencies extends MappedFunctionDependencies {
  readonly table: MappingTable;
  readonly pollers: MappingPollers;
  /** By the service that an ARN names. */
  readonly sources: ReadonlyMap<string, EventSource>;
  readonly streams: ReadonlyMap<string, StreamSource>;
  readonly brokers: BrokerAddresses;
  readonly call: Call;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function mappingOperations(deps: MappingOperationsDependencies): MappingOperations {
  const { table, pollers, clock, ids } = deps;
  const filters = new FilterCipher(deps.call);
  const existing = (uuid: string | undefined, { accountId, region }: RequestContext): MappingRecord => {
    const record = table.find(uuid ?? '');
    if (record?.accountId !== accountId || record.region !== region) throw noSuchResource();
    return record;
  };
  const checked = async (record: MappingRecord): Promise<MappingRecord> => {
    const { eventSourceArn } = record;
    const mapped = mappedFunction(deps, record);
    if (record.kafka !== undefined) {
      // Whether the topic is there is found out by reading it, and told by LastProcessingResult.
      refuseSharedGroup(record, table.all());
      refuseRecursion(record);
      return record;
    }
    if (record.broker !== undefined) checkBroker(eventSourceArn, deps.brokers);
    else if (isStream(eventSourceArn))
      await checkStreamExists(record, sourceOf(deps.streams, eventSourceArn));
    else checkQueue(record, await sourceOf(deps.sources, eventSourceArn)?.describe(eventSourceArn), mapped);
    return record;
  };

  const described = async (
    stored: MappingRecord,
    state: MappingState,
  ): Promise<EventSourceMappingConfiguration> => {
    const { record, error } = await filters.shown(stored);
    return describedMapping(record, state, pollers.lastResult(record), error);
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
      const plain = await checked({
        uuid: ids.uuid(),
        accountId,
        region,
        functionName,
        ...(qualifier === undefined ? {} : { qualifier }),
        eventSourceArn,
        ...changedSettings('CreateEventSourceMapping', eventSourceArn, undefined, input),
        tags: input.Tags ?? {},
        lastModifiedMs: clock.now(),
      });
      const record = await filters.sealed(plain);
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
        // Source: API reference: what is encrypted is not shown in lists.
        EventSourceMappings: page.map((record) =>
          describedMapping(record, pollers.stateOf(record), pollers.lastResult(record)),
        ),
      };
    },

    async UpdateEventSourceMapping(input, caller) {
      const before = existing(input.UUID, caller);
      const changing = await filters.forChange(before, input);
      const {
        filters: _,
        kmsKeyArn: _key,
        maximumConcurrency: _maximum,
        provisionedPollers: _pollers,
        countsEvents: _counts,
        qualifier: _version,
        ...kept
      } = changing;
      const plain = await checked({
        ...kept,
        ...targetOf(before, input.FunctionName, caller),
        ...changedSettings('UpdateEventSourceMapping', before.eventSourceArn, changing, input),
        lastModifiedMs: clock.now(),
      });
      const after = await filters.sealed(plain);
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

/** What the mapping names from now on; a name without a version or alias takes away the one before. */
function targetOf(
  before: MappingRecord,
  name: string | undefined,
  caller: RequestContext,
): Pick<MappingRecord, 'functionName' | 'qualifier'> {
  const { functionName, qualifier } =
    name === undefined ? before : parseFunctionIdentifier(name, undefined, caller);
  return { functionName, ...(qualifier === undefined ? {} : { qualifier }) };
}

function isFor(record: MappingRecord, { functionName, qualifier }: FunctionIdentifier): boolean {
  return record.functionName === functionName && record.qualifier === qualifier;
}

/** Recorded for sources and functions that have a mapping already. */
function refuseSecond(table: MappingTable, { eventSourceArn, ...record }: MappingRecord): void {
  const { topic, bootstrapServers } = record.kafka ?? {};
  const other = table
    .all()
    .find(
      (candidate) =>
        candidate.eventSourceArn === eventSourceArn &&
        candidate.accountId === record.accountId &&
        candidate.functionName === record.functionName &&
        candidate.qualifier === record.qualifier &&
        candidate.broker?.queue === record.broker?.queue &&
        candidate.kafka?.topic === topic &&
        isDeepStrictEqual(candidate.kafka?.bootstrapServers, bootstrapServers),
    );
  if (other === undefined) return;
  const { functionName } = record;
  const both = `arn (" ${eventSourceArn} ") and function (" ${functionName} ")`;
  const existing =
    record.stream !== undefined || record.broker !== undefined
      ? `The event source ${both} provided mapping`
      : `An event source mapping with SQS ${both}`;
  throw conflict(
    `${existing} already exists. Please update or delete the existing mapping with UUID ${other.uuid}`,
  );
}

import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { addressOf, namedTable } from './dynamodb-context.ts';
import { tableInUse } from './dynamodb-errors.ts';
import { validationError } from './engine/item-checks.ts';
import type { Table } from './table.ts';
import { newTable } from './table-creation.ts';
import { describedTable, warmThroughput } from './table-description.ts';
import type { StreamRecord } from './table-record.ts';
import { streamArn } from './table-record.ts';
import { changedTable } from './table-update.ts';

/** Source: API reference of ListTables. */
const MAX_LISTED = 100;

type TableOperations = 'CreateTable' | 'DescribeTable' | 'UpdateTable' | 'DeleteTable' | 'ListTables';

export function tableOperations(dynamo: DynamoContext): Required<Pick<DynamoOperations, TableOperations>> {
  const { tables, engine, clock, ids, work, signals, ttl, buckets } = dynamo;
  return {
    async CreateTable(input, caller) {
      const address = addressOf(input.TableName, caller);
      const nowMs = clock.now();
      const { record, streams } = newTable(input, address, nowMs, ids);
      return tables.inTurn(address, async () => {
        if (tables.find(address) !== undefined) {
          throw tableInUse(`Table already exists: ${address.name}`);
        }
        const table = await tables.save(record, streams);
        // Whoever asks next finds it active: making a table takes no more than this.
        return { TableDescription: describedTable(table, { status: 'CREATING', tallies: undefined, nowMs }) };
      });
    },

    async DescribeTable(input, caller) {
      const table = namedTable(dynamo, input.TableName, caller);
      const tallies = await engine.ask({ ask: 'tally', table: tables.layoutId(table) });
      const status = statusOf(table);
      const described = describedTable(table, { status, tallies, nowMs: clock.now() });
      return { Table: { ...described, WarmThroughput: warmThroughput(table) } };
    },

    async UpdateTable(input, caller) {
      const address = namedTable(dynamo, input.TableName, caller).record;
      return tables.inTurn(address, async () => {
        const table = namedTable(dynamo, input.TableName, caller);
        const nowMs = clock.now();
        const { record, streams, endedStream } = changedTable(table, input, { nowMs, ids, tables });
        const changed = await tables.save(record, streams);
        if (endedStream !== undefined) {
          // Only now: a write meanwhile would have begun new shards, which would stay open.
          await engine.ask({ ask: 'closeStream', stream: endedStream });
          signals.wakeAll(endedStream);
        }
        work.goOn(changed);
        const tallies = await engine.ask({ ask: 'tally', table: tables.layoutId(changed) });
        return { TableDescription: describedTable(changed, { status: 'UPDATING', tallies, nowMs }) };
      });
    },

    async DeleteTable(input, caller) {
      const address = namedTable(dynamo, input.TableName, caller).record;
      return tables.inTurn(address, async () => {
        const table = namedTable(dynamo, input.TableName, caller);
        checkDeletable(table);
        const nowMs = clock.now();
        const tallies = await engine.ask({ ask: 'tally', table: tables.layoutId(table) });
        await tables.remove(table, endedStreams(dynamo, table, nowMs));
        ttl.forget(table);
        buckets.forget(table);
        const stream = table.record.isStreaming ? table.record.stream : undefined;
        if (stream !== undefined) {
          await engine.ask({ ask: 'closeStream', stream: stream.id });
          signals.wakeAll(stream.id);
        }
        work.removeDropped();
        const { TableName, TableStatus, ...rest } = describedTable(table, {
          status: 'DELETING',
          tallies,
          nowMs,
        });
        // Recorded: neither keys nor times are told of a table that goes.
        const { AttributeDefinitions, KeySchema, CreationDateTime, ...told } = rest;
        return { TableDescription: { TableName, TableStatus, ...told } };
      });
    },

    async ListTables({ Limit = MAX_LISTED, ExclusiveStartTableName: after }, caller) {
      const names = tables.list(caller).map(({ record }) => record.name);
      const start = after === undefined ? 0 : names.filter((name) => name <= after).length;
      const page = names.slice(start, start + Limit);
      return {
        TableNames: page,
        ...(start + Limit < names.length ? { LastEvaluatedTableName: page.at(-1)! } : {}),
      };
    },
  };
}

/** The streams of the table that are to be stored as turned off. */
function endedStreams({ tables }: DynamoContext, { record }: Table, nowMs: number): StreamRecord[] {
  if (record.stream === undefined || !record.isStreaming) return [];
  const stream = tables.stream(streamArn({ ...record, label: record.stream.label }));
  return stream === undefined ? [] : [{ ...stream, disabledMs: nowMs }];
}

function statusOf({ record }: Table): 'ACTIVE' | 'UPDATING' {
  return record.indexes.some(({ status }) => status !== 'ACTIVE') ? 'UPDATING' : 'ACTIVE';
}

function checkDeletable(table: Table): void {
  const { record } = table;
  if (record.isProtected) {
    throw validationError(
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    );
  }
  if (statusOf(table) === 'UPDATING') {
    throw tableInUse(
      `Attempt to change a resource which is still in use: Table is being updated: ${record.name}`,
    );
  }
}

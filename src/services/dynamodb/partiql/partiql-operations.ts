/** ExecuteStatement, BatchExecuteStatement and ExecuteTransaction. */
import type {
  BatchStatementRequest,
  BatchStatementResponse,
  ConsumedCapacity,
} from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../../core/errors.ts';
import type { RequestContext } from '../../../ports/service.ts';
import type { DynamoContext, DynamoOperations } from '../dynamodb-context.ts';
import { itemTable } from '../dynamodb-context.ts';
import { validationError } from '../engine/item-checks.ts';
import type { Item } from '../engine/item-text.ts';
import { keyOfKey } from '../item-keys.ts';
import type { TransactionRead } from '../transactions.ts';
import { readTransaction, writeTransaction } from '../transactions.ts';
import type { SelectStatement, Statement, WriteStatement } from './statement.ts';
import { keyedConditions } from './statement-keys.ts';
import { parsedStatement } from './statement-parser.ts';
import type { ReadInput } from './statement-reads.ts';
import { executeSelect, shownBy } from './statement-reads.ts';
import type { WriteSettings } from './statement-writes.ts';
import { executeWrite, writeOf } from './statement-writes.ts';

type PartiqlOperations = 'ExecuteStatement' | 'BatchExecuteStatement' | 'ExecuteTransaction';

export function partiqlOperations(
  dynamo: DynamoContext,
): Required<Pick<DynamoOperations, PartiqlOperations>> {
  return {
    async ExecuteStatement(input, caller) {
      return execute(dynamo, parsedStatement(input), input, caller);
    },

    async BatchExecuteStatement({ Statements = [], ReturnConsumedCapacity }, caller) {
      const capacities: ConsumedCapacity[] = [];
      const Responses: BatchStatementResponse[] = [];
      for (const request of Statements) {
        const { capacity, response } = await batched(dynamo, { ...request, ReturnConsumedCapacity }, caller);
        Responses.push(response);
        if (capacity !== undefined) capacities.push(capacity);
      }
      return { Responses, ...(capacities.length === 0 ? {} : { ConsumedCapacity: capacities }) };
    },

    async ExecuteTransaction(input, caller) {
      const requests = input.TransactStatements ?? [];
      const statements = eachOf(requests, (request) => parsedStatement(request));
      const selects = statements.filter((statement) => statement.kind === 'select');
      if (selects.length === statements.length) {
        const reads = eachOf(selects, (select) => keyedRead(dynamo, select, 'ExecuteTransaction', caller));
        const answer = await readTransaction(dynamo, reads, input);
        return { ...answer, Responses: answer.Responses.map(shownOf(selects)) };
      }
      if (selects.length > 0) throw validationError('Unsupported operation in transaction.');
      const writes = eachOf(statements as WriteStatement[], (statement, place) =>
        writeOf(dynamo, statement, requests[place]!, caller),
      );
      const transaction = { ...input, content: requests };
      // What was written is not shown, whatever RETURNING asks for.
      return {
        ...(await writeTransaction(dynamo, writes, transaction, caller)),
        Responses: writes.map(() => ({})),
      };
    },
  };
}

function execute(
  dynamo: DynamoContext,
  statement: Statement,
  input: ReadInput & WriteSettings,
  caller: RequestContext,
) {
  return statement.kind === 'select'
    ? executeSelect(dynamo, statement, input, caller)
    : executeWrite(dynamo, statement, input, caller);
}

/** A statement that fails leaves the others as they are. */
async function batched(
  dynamo: DynamoContext,
  request: BatchStatementRequest & WriteSettings,
  caller: RequestContext,
): Promise<{ readonly response: BatchStatementResponse; readonly capacity?: ConsumedCapacity | undefined }> {
  let table: string | undefined;
  try {
    const statement = parsedStatement(request);
    table = statement.table;
    if (statement.kind === 'select') keyedRead(dynamo, statement, 'BatchExecuteStatement', caller);
    const answer = await execute(dynamo, statement, request, caller);
    const [item] = answer.Items;
    const response = { TableName: table, ...(item === undefined ? {} : { Item: item }) };
    return { response, capacity: 'ConsumedCapacity' in answer ? answer.ConsumedCapacity : undefined };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { response: { ...(table === undefined ? {} : { TableName: table }), Error: failureOf(error) } };
  }
}

function failureOf({ code, message, members }: AwsError): NonNullable<BatchStatementResponse['Error']> {
  const short = code === 'ValidationException' ? 'ValidationError' : code.replace(/Exception$/, '');
  return { Code: short as 'ValidationError', Message: message, ...members };
}

/** Of one item of a table, by its key and nothing else. */
function keyedRead(
  dynamo: DynamoContext,
  { table: name, index, where }: SelectStatement,
  operation: 'ExecuteTransaction' | 'BatchExecuteStatement',
  caller: RequestContext,
): TransactionRead {
  const table = itemTable(dynamo, name, caller);
  const keyed = keyedConditions(where, table.layout.key);
  if (index !== undefined || keyed === undefined || keyed.rest !== undefined) {
    throw validationError(
      `Select statements within ${operation} must specify the primary key in the where clause.`,
    );
  }
  return { table, key: keyOfKey(table, keyed.key) };
}

function shownOf(
  selects: readonly SelectStatement[],
): (found: { Item?: Item }, place: number) => { Item?: Item } {
  return ({ Item: item }, place) =>
    item === undefined ? {} : { Item: shownBy(selects[place]!.paths)(item) };
}

/** Says of the first statement that is not valid, which one it is. */
function eachOf<T, Result>(
  statements: readonly T[],
  work: (statement: T, place: number) => Result,
): Result[] {
  return statements.map((statement, place) => {
    try {
      return work(statement, place);
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ValidationException') throw error;
      throw validationError(`Validation failed in TransactStatements[${place}]: ${error.message}`);
    }
  });
}

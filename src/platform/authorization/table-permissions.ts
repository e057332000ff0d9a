/**
 * What calls of DynamoDB need to be allowed. Sources: the Service Authorization Reference; "Using IAM with DynamoDB
 * transactions": their actions are those of the operations within; "IAM security policies with PartiQL for DynamoDB".
 */
import { AwsError } from '../../core/errors.ts';
import type { Statement, StatementInput } from '../../services/dynamodb/partiql/statement.ts';
import { parsedStatement } from '../../services/dynamodb/partiql/statement-parser.ts';
import { streamOfIterator } from '../../services/dynamodb/streams/shard-iterator.ts';
import { tableArn } from '../../services/dynamodb/table-record.ts';
import type { Permission } from './permission.ts';
import type { ResourceQuestion } from './resource-question.ts';

type Needed = Pick<Permission, 'action' | 'resource'>;
type Input = ResourceQuestion['input'];

interface Named {
  readonly TableName?: string | undefined;
}

const TRANSACTED: Readonly<Record<string, string>> = {
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

const STATEMENT_ACTIONS: Readonly<Record<Statement['kind'], string>> = {
  select: 'PartiQLSelect',
  exists: 'PartiQLSelect',
  insert: 'PartiQLInsert',
  update: 'PartiQLUpdate',
  delete: 'PartiQLDelete',
};

/** `action` is that of the operation's name. Empty where a call is refused for what it says, whoever calls. */
export function tablePermissions(question: ResourceQuestion, action: string): Needed[] {
  const needed = neededFor(question, action);
  return [...new Map(needed.map((one) => [`${one.action} ${one.resource}`, one])).values()];
}

function neededFor(question: ResourceQuestion, action: string): Needed[] {
  const { operation, input } = question;
  const arnOf = (name: string): string => (name.startsWith('arn:') ? name : tableArn({ ...question, name }));
  const about = (name: string, index?: unknown): string =>
    typeof index === 'string' ? `${arnOf(name)}/index/${index}` : arnOf(name);
  switch (operation) {
    case 'BatchGetItem':
    case 'BatchWriteItem':
      return Object.keys(input['RequestItems'] ?? {}).map((name) => ({ action, resource: arnOf(name) }));
    case 'TransactGetItems':
    case 'TransactWriteItems':
      return transacted(input).map(([name, table]) => ({
        action: `dynamodb:${TRANSACTED[name]}`,
        resource: arnOf(table),
      }));
    case 'ExecuteStatement':
    case 'BatchExecuteStatement':
    case 'ExecuteTransaction':
      return statements(input).map((statement) => ({
        action: `dynamodb:${STATEMENT_ACTIONS[statement.kind]}`,
        resource: about(statement.table, 'index' in statement ? statement.index : undefined),
      }));
    case 'GetRecords':
      return [{ action, resource: streamOfIterator(String(input['ShardIterator'])) }];
    default: {
      const { ResourceArn, StreamArn, TableName: name, IndexName: index } = input;
      const arn = ResourceArn ?? (operation === 'ListStreams' ? undefined : StreamArn);
      if (typeof arn === 'string') return [{ action, resource: arn }];
      const isAboutTable = typeof name === 'string' && operation !== 'ListStreams';
      return [{ action, resource: isAboutTable ? about(name, index) : '*' }];
    }
  }
}

/** What each part of a transaction does, and to which table. */
function transacted(input: Input): [name: string, table: string][] {
  const items = (input['TransactItems'] ?? []) as readonly Readonly<Record<string, Named>>[];
  return items.flatMap((item) =>
    Object.entries(item).map(([name, { TableName = '' }]): [string, string] => [name, TableName]),
  );
}

/** Those that can be read; the others are refused for what they are. */
function statements(input: Input): Statement[] {
  const given = (input['Statements'] ?? input['TransactStatements'] ?? [input]) as readonly StatementInput[];
  return given.flatMap((statement) => {
    try {
      return [parsedStatement(statement)];
    } catch (error) {
      if (error instanceof AwsError) return [];
      throw error;
    }
  });
}

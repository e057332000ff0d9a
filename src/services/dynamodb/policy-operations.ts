/** Resource policies of tables. */
import { AwsError } from '../../core/errors.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { addressOfArn } from './dynamodb-context.ts';
import { notImplemented, tableNotFound } from './dynamodb-errors.ts';
import { validationError } from './engine/item-checks.ts';
import type { Table } from './table.ts';
import { newPolicy } from './table-policy.ts';

type PolicyOperations = 'PutResourcePolicy' | 'GetResourcePolicy' | 'DeleteResourcePolicy';

export function policyOperations(dynamo: DynamoContext): Required<Pick<DynamoOperations, PolicyOperations>> {
  const { tables, clock, ids } = dynamo;
  return {
    async PutResourcePolicy({ ResourceArn, Policy, ExpectedRevisionId: expected }) {
      const { record } = ownedTable(dynamo, ResourceArn!);
      const policy = newPolicy(Policy!, clock.now(), ids);
      await tables.inTurn(record, async () => {
        const table = ownedTable(dynamo, ResourceArn!);
        checkRevision(table, expected);
        await tables.save({ ...table.record, policy });
      });
      return { RevisionId: policy.revision };
    },

    async GetResourcePolicy({ ResourceArn }) {
      const { policy } = ownedTable(dynamo, ResourceArn!).record;
      if (policy === undefined) throw noPolicy(ResourceArn!);
      return { Policy: policy.text, RevisionId: policy.revision };
    },

    async DeleteResourcePolicy({ ResourceArn, ExpectedRevisionId: expected }) {
      const { record } = ownedTable(dynamo, ResourceArn!);
      return tables.inTurn(record, async () => {
        const table = ownedTable(dynamo, ResourceArn!);
        if (table.record.policy === undefined && expected === undefined) return {};
        checkRevision(table, expected);
        const { policy, ...rest } = table.record;
        await tables.save(rest);
        return policy === undefined ? {} : { RevisionId: policy.revision };
      });
    },
  };
}

function ownedTable({ tables }: DynamoContext, arn: string): Table {
  if (arn.includes('/stream/')) throw notImplemented('resource policies of DynamoDB streams');
  const address = addressOfArn(arn);
  if (address === undefined) throw validationError(`Invalid ResourceArn: ${arn}`);
  const table = tables.find(address);
  if (table === undefined) throw tableNotFound(address);
  return table;
}

/** `NO_POLICY` stands for none. */
function checkRevision({ record: { policy } }: Table, expected: string | undefined): void {
  if (expected === undefined || expected === (policy?.revision ?? 'NO_POLICY')) return;
  throw new AwsError(
    'PolicyNotFoundException',
    'The provided ExpectedRevisionId does not match the current RevisionId of the resource-based policy',
  );
}

function noPolicy(arn: string): AwsError {
  return new AwsError(
    'PolicyNotFoundException',
    `Resource-based policy not found for the provided ResourceArn: ${arn}`,
  );
}

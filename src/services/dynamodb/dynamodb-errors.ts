/** The errors of DynamoDB, in its words; those of items are in `engine/item-checks`. */
import { AwsError } from '../../core/errors.ts';
import type { TableAddress } from './table-record.ts';

/** Where items are asked for: recorded, without the table's name. */
export function resourceNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'Requested resource not found');
}

/** Where a table is asked for: recorded, with its name. */
export function tableNotFound({ name }: Pick<TableAddress, 'name'>): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
}

export function tableInUse(message: string): AwsError {
  return new AwsError('ResourceInUseException', message);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}

export function throughputExceeded(): AwsError {
  return new AwsError(
    'ProvisionedThroughputExceededException',
    'The level of configured provisioned throughput for the table was exceeded. ' +
      'Consider increasing your provisioning level with the UpdateTable API.',
  );
}

export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `selfsame does not implement ${what} yet.`, {}, 501);
}

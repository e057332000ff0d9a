import { AwsError } from '../../core/errors.ts';
import type { Queue } from './queue.ts';
import type { SqsContext, SqsOperations } from './sqs-context.ts';
import { queueOf, required } from './sqs-context.ts';
import { invalidValue } from './sqs-errors.ts';

interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly Statement[];
}

/** Source: API reference of AddPermission. */
const MAX_ACTIONS = 7;
const MAX_STATEMENTS = 20;
const ACTIONS = new Set([
  '*',
  'SendMessage',
  'ReceiveMessage',
  'DeleteMessage',
  'ChangeMessageVisibility',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
]);

/** Shapes of policies, versions and ids included, as recorded for "permission_lifecycle". */
export function permissionOperations(
  sqs: SqsContext,
): Required<Pick<SqsOperations, 'AddPermission' | 'RemovePermission'>> {
  const { queues, clock } = sqs;

  const savePolicy = (queue: Queue, policy: Policy): Promise<void> =>
    queues.update(queue, (record) => {
      const { Policy: _, ...others } = record.attributes;
      const attributes =
        policy.Statement.length === 0 ? others : { ...others, Policy: JSON.stringify(policy) };
      return { ...record, modifiedMs: clock.now(), attributes };
    });

  return {
    async AddPermission(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const label = required(input.Label, 'Label');
      const accounts = required(input.AWSAccountIds, 'AWSAccountIds');
      const actions = required(input.Actions, 'Actions');
      checkActions(actions);
      checkAccounts(accounts);
      const policy = policyOf(queue);
      if (policy.Statement.some(({ Sid }) => Sid === label)) {
        throw invalidValue(label, 'Label', 'Already exists.');
      }
      if (policy.Statement.length >= MAX_STATEMENTS) {
        throw new AwsError(
          'OverLimit',
          `${policy.Statement.length + 1} statements were found, maximum allowed is 20.`,
        );
      }
      const statement: Statement = {
        Sid: label,
        Effect: 'Allow',
        Principal: { AWS: oneOrAll(accounts.map((account) => `arn:aws:iam::${account}:root`)) },
        Action: oneOrAll(actions.map((action) => `SQS:${action}`)),
        Resource: queue.arn,
      };
      await savePolicy(queue, { ...policy, Statement: [...policy.Statement, statement] });
      return {};
    },

    async RemovePermission(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const label = required(input.Label, 'Label');
      const policy = policyOf(queue);
      const statements = policy.Statement.filter(({ Sid }) => Sid !== label);
      if (statements.length === policy.Statement.length) {
        throw invalidValue(label, 'Label', "can't find label.");
      }
      await savePolicy(queue, { ...policy, Statement: statements });
      return {};
    },
  };
}

function policyOf(queue: Queue): Policy {
  const text = queue.record.attributes['Policy'];
  const held = text === undefined ? {} : (JSON.parse(text) as Partial<Policy>);
  const statements: unknown = held.Statement ?? [];
  return {
    Version: '2008-10-17',
    Id: `${queue.arn}/SQSDefaultPolicy`,
    ...held,
    // A policy set as a whole may have a single statement without a list.
    Statement: (Array.isArray(statements) ? statements : [statements]) as Statement[],
  };
}

function checkActions(actions: readonly string[]): void {
  if (actions.length > MAX_ACTIONS) {
    throw new AwsError('OverLimit', `${actions.length} Actions were found, maximum allowed is 7.`);
  }
  for (const action of actions) {
    if (!ACTIONS.has(action)) {
      throw invalidValue(
        `SQS:${action}`,
        'ActionName',
        'Please refer to the appropriate WSDL for a list of valid actions. ',
      );
    }
  }
}

function checkAccounts(accounts: readonly string[]): void {
  const unknown = accounts.find((account) => !/^\d{12}$/.test(account));
  if (unknown !== undefined) throw invalidValue(`[${unknown}]`, 'PrincipalId', 'Unable to verify.');
}

function oneOrAll(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? values[0]! : values;
}

/** Who else may put events on a bus. Words of what is not recorded are those that users quote from AWS. */
import type { PutPermissionCommandInput } from '@aws-sdk/client-eventbridge';
import { PolicySyntaxError, parsePolicy } from '../../core/policy/parse.ts';
import { modifiedAt } from './bus-operations.ts';
import type { BusRecord } from './bus-record.ts';
import { busArn } from './bus-record.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { busAddress } from './events-context.ts';
import { invalid, resourceNotFound } from './events-errors.ts';

interface PolicyJson {
  readonly Version: string;
  readonly Statement: readonly StatementJson[];
}

interface StatementJson {
  readonly Sid?: string;
}

export function permissionOperations(
  events: EventsContext,
): Required<Pick<EventsOperations, 'PutPermission' | 'RemovePermission'>> {
  const { buses, clock } = events;

  const changePolicy = (
    address: ReturnType<typeof busAddress>,
    change: (bus: BusRecord) => string | undefined,
  ): Promise<BusRecord> =>
    buses.update(address, (bus) => {
      const policy = change(bus);
      const { policy: _, ...rest } = { ...bus, ...modifiedAt(bus, clock.now()) };
      return policy === undefined ? rest : { ...rest, policy };
    });

  return {
    async PutPermission(input, caller) {
      const address = busAddress(input.EventBusName, caller);
      if (input.Policy !== undefined) checkPolicy(input.Policy);
      await changePolicy(address, (bus) => input.Policy ?? withStatement(bus, input));
      return {};
    },

    async RemovePermission(input, caller) {
      const address = busAddress(input.EventBusName, caller);
      await changePolicy(address, (bus) => {
        if (input.RemoveAllPermissions === true) return undefined;
        if (bus.policy === undefined) throw resourceNotFound('EventBus does not have a policy. It');
        const { Version, Statement: statements } = policyJson(bus);
        const left = statements.filter(({ Sid }) => Sid !== input.StatementId);
        if (left.length === statements.length) throw resourceNotFound('Statement with the provided id');
        return left.length === 0 ? undefined : JSON.stringify({ Version, Statement: left });
      });
      return {};
    },
  };
}

function withStatement(bus: BusRecord, input: PutPermissionCommandInput): string {
  const { Action, Principal, StatementId, Condition } = input;
  if (Action === undefined || Principal === undefined || StatementId === undefined)
    throw invalid('Parameter Action, Principal and StatementId must be specified, or Policy.');
  if (Action !== 'events:PutEvents') throw invalid("Provided value in parameter 'action' is not supported.");
  if (Principal !== '*' && !/^\d{12}$/.test(Principal))
    throw invalid("Provided value in parameter 'principal' is not valid.");
  const statement = {
    Sid: StatementId,
    Effect: 'Allow',
    Principal: Principal === '*' ? '*' : { AWS: `arn:aws:iam::${Principal}:root` },
    Action,
    Resource: busArn(bus),
    ...(Condition === undefined
      ? {}
      : { Condition: { [Condition.Type!]: { [Condition.Key!]: Condition.Value } } }),
  };
  const { Version, Statement: statements } = policyJson(bus);
  const others = statements.filter(({ Sid }) => Sid !== StatementId);
  return JSON.stringify({ Version, Statement: [...others, statement] });
}

function policyJson({ policy }: BusRecord): PolicyJson {
  if (policy === undefined) return { Version: '2012-10-17', Statement: [] };
  const { Version, Statement } = JSON.parse(policy) as {
    Version: string;
    Statement: StatementJson | StatementJson[];
  };
  return { Version, Statement: [Statement].flat() };
}

function checkPolicy(text: string): void {
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw invalid(`Invalid policy: ${error.message}`);
    throw error;
  }
}

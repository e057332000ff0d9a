import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { MIN_UNRESERVED_CONCURRENCY } from '../records/concurrency-settings.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionChange } from '../records/function-table.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { invalidParameter } from './lambda-errors.ts';

type ConcurrencyOperations = Required<
  Pick<LambdaOperations, 'PutFunctionConcurrency' | 'GetFunctionConcurrency' | 'DeleteFunctionConcurrency'>
>;

export function concurrencyOperations(context: ControlContext): ConcurrencyOperations {
  const { concurrency } = context;
  return {
    async PutFunctionConcurrency(input, caller) {
      const executions = input.ReservedConcurrentExecutions!;
      const identifier = wholeFunction(context, input.FunctionName, caller);
      await changeConcurrency(context, identifier, () => {
        wholeFunction(context, input.FunctionName, caller);
        const provisioned = concurrency.provisionedTotal(identifier);
        // Recorded with these spaces, and like the next one without a Type.
        if (executions < provisioned)
          throw untyped(
            ` ReservedConcurrentExecutions  ${executions} should not be lower than function's total provisioned concurrency [${provisioned}].`,
          );
        checkUnreserved(context, identifier, executions, 'ReservedConcurrentExecutions');
        return { joined: [concurrency.putReserved(identifier, executions)] };
      });
      return { ReservedConcurrentExecutions: executions };
    },

    async GetFunctionConcurrency(input, caller) {
      const reserved = concurrency.reserved(wholeFunction(context, input.FunctionName, caller));
      return reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved };
    },

    async DeleteFunctionConcurrency(input, caller) {
      const identifier = wholeFunction(context, input.FunctionName, caller);
      await changeConcurrency(context, identifier, () =>
        concurrency.reserved(identifier) === undefined
          ? undefined
          : { joined: [concurrency.removeReserved(identifier)] },
      );
      return {};
    },
  };
}

/** What functions claim of an account is decided in turn: two must not both get the last of it. */
export function changeConcurrency(
  { table, concurrencyTurns }: ControlContext,
  { accountId, region, functionName }: FunctionIdentifier,
  decide: () => FunctionChange | undefined,
): Promise<void> {
  return concurrencyTurns.run(`${accountId}/${region}`, () =>
    table.change(accountId, region, functionName, decide),
  );
}

/** Throws where `executions` for this function leave the others with less than AWS keeps for them. */
export function checkUnreserved(
  { concurrency }: ControlContext,
  identifier: FunctionIdentifier,
  executions: number,
  what: 'ReservedConcurrentExecutions' | 'ConcurrentExecutions',
): void {
  const { accountId, region } = identifier;
  const available = concurrency.unreserved(accountId, region) + concurrency.claimOf(identifier);
  if (what === 'ConcurrentExecutions' && executions > available)
    throw untyped(
      `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${available}].`,
    );
  if (available - executions < MIN_UNRESERVED_CONCURRENCY)
    throw untyped(
      `Specified ${what} for function decreases account's UnreservedConcurrentExecution below its minimum value of [${MIN_UNRESERVED_CONCURRENCY}].`,
    );
}

function untyped(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}

/** Versions and aliases have no reserved concurrency. */
function wholeFunction(
  context: ControlContext,
  name: string | undefined,
  caller: RequestContext,
): FunctionIdentifier {
  const { identifier } = findFunction(context, name, undefined, caller);
  if (identifier.qualifier === undefined) return identifier;
  throw invalidParameter(
    'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. ' +
      'Please specify either a function name or an unqualified function ARN.',
  );
}

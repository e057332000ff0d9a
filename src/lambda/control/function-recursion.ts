/** Whether a function may go on in a loop that Lambda has seen it in. */
import { LATEST } from '../records/function-record.ts';
import type { FunctionName } from '../records/qualified-table.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';

type FunctionRecursion = Required<
  Pick<LambdaOperations, 'PutFunctionRecursionConfig' | 'GetFunctionRecursionConfig'>
>;

export function functionRecursion(context: ControlContext): FunctionRecursion {
  const { table, loopingFunctions } = context;
  return {
    async PutFunctionRecursionConfig(input, caller) {
      const find = (): FunctionName => findFunction(context, input.FunctionName, undefined, caller).record;
      const { accountId, region, functionName } = find();
      await table.change(accountId, region, functionName, () => {
        const mayLoop = input.RecursiveLoop === 'Allow';
        const change = mayLoop
          ? loopingFunctions.put(find(), LATEST, true)
          : loopingFunctions.remove(find(), LATEST);
        return { joined: [change] };
      });
      return { RecursiveLoop: input.RecursiveLoop };
    },

    async GetFunctionRecursionConfig(input, caller) {
      const { record } = findFunction(context, input.FunctionName, undefined, caller);
      return { RecursiveLoop: loopingFunctions.get(record, LATEST) === true ? 'Allow' : 'Terminate' };
    },
  };
}

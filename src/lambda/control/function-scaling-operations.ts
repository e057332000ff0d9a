/** How many environments the published versions of functions on managed instances have. */
import type { FunctionScalingConfig } from '@aws-sdk/client-lambda';
import type { FunctionScaling } from '../records/function-capacity.ts';
import { DEFAULT_SCALING } from '../records/function-capacity.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { CREATING } from './function-states.ts';
import { invalidParameter } from './lambda-errors.ts';

type ScalingOperations = Required<
  Pick<LambdaOperations, 'PutFunctionScalingConfig' | 'GetFunctionScalingConfig'>
>;

export function functionScalingOperations(context: ControlContext): ScalingOperations {
  const { table, scaling, ids } = context;
  const managed = (
    name: string | undefined,
    qualifier: string | undefined,
    caller: Caller,
  ): FunctionRecord => {
    const { record } = findFunction(context, name, qualifier, caller);
    if (record.capacity === undefined)
      throw invalidParameter('The scaling configuration is for functions with a capacity provider only.');
    return record;
  };
  return {
    async PutFunctionScalingConfig(input, caller) {
      const wanted = requested(input.FunctionScalingConfig);
      const { accountId, region, functionName } = managed(input.FunctionName, input.Qualifier, caller);
      let answer: FunctionRecord | undefined;
      await table.change(accountId, region, functionName, () => {
        const record = managed(input.FunctionName, input.Qualifier, caller);
        const scaled = withScaling(record, wanted, ids.uuid());
        answer = scaled;
        const joined = [scaling.put(record, record.version, wanted)];
        return scaled === record ? { joined } : { put: [scaled], joined };
      });
      return { FunctionState: answer!.state };
    },

    async GetFunctionScalingConfig(input, caller) {
      const record = managed(input.FunctionName, input.Qualifier, caller);
      const wanted = scaling.get(record, record.version);
      return {
        FunctionArn: functionArn({ ...record, qualifier: record.version }),
        AppliedFunctionScalingConfig: shown(wanted ?? DEFAULT_SCALING),
        ...(wanted === undefined ? {} : { RequestedFunctionScalingConfig: shown(wanted) }),
      };
    },
  };
}

type Caller = Parameters<typeof findFunction>[3];

function requested(config: FunctionScalingConfig | undefined): FunctionScaling {
  const max = config?.MaxExecutionEnvironments;
  const min = config?.MinExecutionEnvironments ?? Math.min(DEFAULT_SCALING.min, max ?? DEFAULT_SCALING.min);
  if (max !== undefined && min > max)
    throw invalidParameter('MinExecutionEnvironments must not be greater than MaxExecutionEnvironments.');
  return { min, ...(max === undefined ? {} : { max }) };
}

/** Without any environment it is Deactivated; with one again, it is made anew. */
function withScaling(record: FunctionRecord, { max }: FunctionScaling, generation: string): FunctionRecord {
  if (max === 0 && record.state === 'Active') return { ...record, state: 'Deactivated' };
  if (max !== 0 && record.state === 'Deactivated') return { ...record, ...CREATING, generation };
  return record;
}

function shown({ min, max }: FunctionScaling): FunctionScalingConfig {
  return { MinExecutionEnvironments: min, ...(max === undefined ? {} : { MaxExecutionEnvironments: max }) };
}

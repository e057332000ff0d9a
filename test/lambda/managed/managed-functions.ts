/** Functions on managed instances for tests, with the capacity provider that they are of. */
import assert from 'node:assert/strict';
import type { CreateFunctionCommandInput, FunctionConfiguration } from '@aws-sdk/client-lambda';
import {
  CreateCapacityProviderCommand,
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionScalingConfigCommand,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings } from '../../kit/started-platform.ts';

export const PROVIDER_ARN = 'arn:aws:lambda:us-east-1:000000000000:capacity-provider:hosts';
const ROLE = 'arn:aws:iam::000000000000:role/r';

const Qualifier = '$LATEST.PUBLISHED';

export interface Scale {
  readonly min: number;
  readonly max: number;
}

export interface ManagedFunctions extends Disposable {
  readonly lambda: LambdaClient;
  createProvider(maxVcpus?: number): Promise<void>;
  /** Creates the function and publishes its `$LATEST.PUBLISHED`, with so many environments. */
  create(name: string, settings: ManagedSettings, scale: Scale): Promise<void>;
  /** Its `$LATEST.PUBLISHED`, once that is no longer Pending. */
  settled(name: string): Promise<FunctionConfiguration>;
  /** The answer as text: a result, or an error object. */
  invoke(name: string, event: object): Promise<string>;
}

export type ManagedSettings = Partial<CreateFunctionCommandInput> & {
  readonly code: Uint8Array;
  readonly maxConcurrency: number;
};

export function managedFunctions(platform: Platform): ManagedFunctions {
  const lambda = new LambdaClient(clientSettings(platform));
  const settled = async (FunctionName: string): Promise<FunctionConfiguration> => {
    for (;;) {
      const found = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier }));
      if (found.State !== 'Pending') return found;
    }
  };
  return {
    lambda,
    settled,
    async createProvider(maxVcpus) {
      await lambda.send(
        new CreateCapacityProviderCommand({
          CapacityProviderName: 'hosts',
          VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
          PermissionsConfig: { CapacityProviderOperatorRoleArn: ROLE },
          ...(maxVcpus === undefined ? {} : { CapacityProviderScalingConfig: { MaxVCpuCount: maxVcpus } }),
        }),
      );
    },
    async create(FunctionName, { code, maxConcurrency, ...more }, { min, max }) {
      await lambda.send(
        new CreateFunctionCommand({
          FunctionName,
          Runtime: 'provided.al2023',
          Handler: 'index.handler',
          Role: ROLE,
          Timeout: 60,
          Code: { ZipFile: code },
          CapacityProviderConfig: {
            LambdaManagedInstancesCapacityProviderConfig: {
              CapacityProviderArn: PROVIDER_ARN,
              PerExecutionEnvironmentMaxConcurrency: maxConcurrency,
            },
          },
          PublishTo: 'LATEST_PUBLISHED',
          ...more,
        }),
      );
      await lambda.send(
        new PutFunctionScalingConfigCommand({
          FunctionName,
          Qualifier,
          FunctionScalingConfig: { MinExecutionEnvironments: min, MaxExecutionEnvironments: max },
        }),
      );
      assert.equal((await settled(FunctionName)).State, 'Active');
    },
    async invoke(FunctionName, event) {
      const { Payload } = await lambda.send(
        new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }),
      );
      return Buffer.from(Payload!).toString();
    },
    [Symbol.dispose]: () => lambda.destroy(),
  };
}

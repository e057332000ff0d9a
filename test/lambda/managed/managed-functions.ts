/** Functions on managed instances for tests, with the capacity provider that they are of. */
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateCapacityProviderCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionScalingConfigCommand,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings } from '../../kit/started-platform.ts';

export const PROVIDER_ARN = 'arn:aws:lambda:us-east-1:000000000000:capacity-provider:hosts';
const ROLE = 'arn:aws:iam::000000000000:role/r';

/** Longest wait for a version to be Active, seconds. */
const ACTIVE_WITHIN_SECONDS = 60;

export interface Scale {
  readonly min: number;
  readonly max: number;
}

export interface ManagedFunctions extends Disposable {
  readonly lambda: LambdaClient;
  createProvider(maxVcpus?: number): Promise<void>;
  /** Creates the function and publishes its `$LATEST.PUBLISHED`, with so many environments. */
  create(name: string, settings: ManagedSettings, scale: Scale): Promise<void>;
  /** The answer as text: a result, or an error object. */
  invoke(name: string, event: object): Promise<string>;
}

export type ManagedSettings = Partial<CreateFunctionCommandInput> & {
  readonly code: Uint8Array;
  readonly maxConcurrency: number;
};

export function managedFunctions(platform: Platform): ManagedFunctions {
  const lambda = new LambdaClient(clientSettings(platform));
  return {
    lambda,
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
      const Qualifier = '$LATEST.PUBLISHED';
      await lambda.send(
        new PutFunctionScalingConfigCommand({
          FunctionName,
          Qualifier,
          FunctionScalingConfig: { MinExecutionEnvironments: min, MaxExecutionEnvironments: max },
        }),
      );
      await waitUntilPublishedVersionActive(
        { client: lambda, maxWaitTime: ACTIVE_WITHIN_SECONDS, minDelay: 1, maxDelay: 1 },
        { FunctionName, Qualifier },
      );
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

/** A stored function as AWS's API shows it. */
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { DEFAULT_RETENTION_DAYS } from '../durable/durable-limits.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { hasSnapStart, LATEST } from '../records/function-record.ts';
import { runtimeVersionArn } from '../records/runtime-version.ts';
import { capacityProviderConfig } from './function-capacity-settings.ts';
import { imageConfigResponse } from './function-image.ts';
import { lambdaDate } from './lambda-date.ts';

function durable({ durableConfig }: FunctionRecord): Pick<FunctionConfiguration, 'DurableConfig'> {
  if (durableConfig === undefined) return {};
  const { executionTimeoutSeconds, retentionDays = DEFAULT_RETENTION_DAYS, kmsKeyArn } = durableConfig;
  return {
    DurableConfig: {
      ExecutionTimeout: executionTimeoutSeconds,
      RetentionPeriodInDays: retentionDays,
      ...(kmsKeyArn === undefined ? {} : { KMSKeyArn: kmsKeyArn }),
    },
  };
}

/** In place of variables that cannot be read, why. */
function environment({
  environment: variables,
  environmentError: error,
}: FunctionRecord): Pick<FunctionConfiguration, 'Environment'> {
  if (error !== undefined)
    return { Environment: { Error: { ErrorCode: error.code, Message: error.message } } };
  return variables === undefined ? {} : { Environment: { Variables: { ...variables } } };
}

export interface ConfigurationView {
  /** The ARN ends with the version, also where that is `$LATEST`; with the alias where one was named. */
  readonly qualified: boolean | string;
  /** Lists leave the states and the version of the runtime out. */
  readonly states: boolean;
}

export function functionConfiguration(
  record: FunctionRecord,
  view: ConfigurationView,
): FunctionConfiguration {
  const { accountId, region, functionName, version, logging } = record;
  const unnamed = view.qualified || version !== LATEST ? version : undefined;
  return {
    FunctionName: functionName,
    FunctionArn: functionArn({
      accountId,
      region,
      functionName,
      qualifier: typeof view.qualified === 'string' ? view.qualified : unnamed,
    }),
    ...(record.runtime === undefined
      ? {}
      : { Runtime: record.runtime as NonNullable<FunctionConfiguration['Runtime']> }),
    Role: record.role,
    ...(record.handler === undefined ? {} : { Handler: record.handler }),
    CodeSize: record.code.sizeBytes,
    Description: record.description,
    Timeout: record.timeoutSeconds,
    MemorySize: record.memoryMb,
    LastModified: lambdaDate(record.lastModifiedMs),
    CodeSha256: record.code.sha256Base64,
    Version: version,
    ...(record.vpcConfig === undefined
      ? {}
      : {
          VpcConfig: {
            SubnetIds: [...record.vpcConfig.subnetIds],
            SecurityGroupIds: [...record.vpcConfig.securityGroupIds],
            VpcId: '',
            Ipv6AllowedForDualStack: false,
          },
        }),
    ...(record.deadLetterTargetArn === undefined || record.deadLetterTargetArn === ''
      ? {}
      : { DeadLetterConfig: { TargetArn: record.deadLetterTargetArn } }),
    ...environment(record),
    ...(record.kmsKeyArn === undefined || record.kmsKeyArn === '' ? {} : { KMSKeyArn: record.kmsKeyArn }),
    TracingConfig: { Mode: record.tracingMode },
    ...durable(record),
    ...capacityProviderConfig(record),
    RevisionId: record.revisionId,
    ...(record.layers.length === 0
      ? {}
      : { Layers: record.layers.map(({ arn, sizeBytes }) => ({ Arn: arn, CodeSize: sizeBytes })) }),
    ...(view.states ? states(record) : {}),
    ...(record.fileSystemConfigs === undefined || record.fileSystemConfigs.length === 0
      ? {}
      : {
          FileSystemConfigs: record.fileSystemConfigs.map(({ arn, localMountPath }) => ({
            Arn: arn,
            LocalMountPath: localMountPath,
          })),
        }),
    ...(record.tenantIsolationMode === undefined
      ? {}
      : { TenancyConfig: { TenantIsolationMode: record.tenantIsolationMode } }),
    ...(record.imageConfig === undefined || Object.keys(record.imageConfig).length === 0
      ? {}
      : { ImageConfigResponse: { ImageConfig: imageConfigResponse(record.imageConfig) } }),
    PackageType: record.packageType,
    Architectures: [...record.architectures],
    EphemeralStorage: { Size: record.ephemeralStorageMb },
    SnapStart: {
      ApplyOn: record.snapStartApplyOn,
      OptimizationStatus: hasSnapStart(record) ? 'On' : 'Off',
    },
    ...(record.runtime === undefined || !view.states
      ? {}
      : { RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(region, record.runtime) } }),
    LoggingConfig: {
      LogFormat: logging.format,
      ...(logging.applicationLogLevel === undefined
        ? {}
        : { ApplicationLogLevel: logging.applicationLogLevel }),
      ...(logging.systemLogLevel === undefined ? {} : { SystemLogLevel: logging.systemLogLevel }),
      LogGroup: logging.logGroup,
    },
  };
}

/** Only published versions have managed instances. */
function shownState({
  state,
  version,
  capacity,
}: FunctionRecord): NonNullable<FunctionConfiguration['State']> {
  return capacity !== undefined && version === LATEST && state === 'Active' ? 'ActiveNonInvocable' : state;
}

function states(record: FunctionRecord): Partial<FunctionConfiguration> {
  return {
    State: shownState(record),
    ...(record.stateReason === undefined ? {} : { StateReason: record.stateReason }),
    ...(record.stateReasonCode === undefined
      ? {}
      : { StateReasonCode: record.stateReasonCode as NonNullable<FunctionConfiguration['StateReasonCode']> }),
    ...(record.lastUpdateStatus === undefined ? {} : { LastUpdateStatus: record.lastUpdateStatus }),
    ...(record.lastUpdateStatusReason === undefined
      ? {}
      : { LastUpdateStatusReason: record.lastUpdateStatusReason }),
    ...(record.lastUpdateStatusReasonCode === undefined
      ? {}
      : {
          LastUpdateStatusReasonCode: record.lastUpdateStatusReasonCode as NonNullable<
            FunctionConfiguration['LastUpdateStatusReasonCode']
          >,
        }),
  };
}

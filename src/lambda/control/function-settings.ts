/** Settings of a function as requests give them: checked, with AWS's defaults, in our terms. */
import type { CreateFunctionRequest, UpdateFunctionConfigurationRequest } from '@aws-sdk/client-lambda';
import { runtimeIdentifier } from '../../core/runtimes.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionLayer } from '../records/function-layer.ts';
import type { FunctionRecord, LoggingConfig } from '../records/function-record.ts';
import {
  EPHEMERAL_STORAGE_MB,
  MANAGED_MEMORY_MB,
  MANAGED_TIMEOUT_SECONDS,
  MAX_ENVIRONMENT_BYTES,
  MEMORY_MB,
  TIMEOUT_SECONDS,
} from './control-limits.ts';
import { functionCapacity, MIN_MANAGED_MEMORY_MB } from './function-capacity-settings.ts';
import { imageOverrides } from './function-image.ts';
import { constraintError, invalidParameter, notImplemented } from './lambda-errors.ts';

type Request = CreateFunctionRequest | UpdateFunctionConfigurationRequest;
type Network = Pick<FunctionRecord, 'vpcConfig'>;

/** What a request may change of a record; absent members keep what is there. */
export type FunctionSettings = Pick<
  FunctionRecord,
  | 'description'
  | 'role'
  | 'timeoutSeconds'
  | 'memoryMb'
  | 'ephemeralStorageMb'
  | 'layers'
  | 'tracingMode'
  | 'logging'
  | 'snapStartApplyOn'
> &
  Partial<
    Pick<
      FunctionRecord,
      | 'runtime'
      | 'handler'
      | 'environment'
      | 'deadLetterTargetArn'
      | 'kmsKeyArn'
      | 'durableConfig'
      | 'capacity'
      | 'vpcConfig'
      | 'fileSystemConfigs'
      | 'imageConfig'
    >
  >;

/** The order in which AWS lists runtimes was recorded; newer ones stand at the end. */
const RUNTIMES =
  'nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2, nodejs26.x, python3.15, ruby4.0, java8.al2023, java11.al2023, java17.al2023';
const KNOWN_RUNTIMES = new Set(RUNTIMES.split(', '));

/** Names that Lambda sets itself. Source: "Defined runtime environment variables", the reserved ones. */
const RESERVED_VARIABLES = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_LAMBDA_MAX_CONCURRENCY',
  'AWS_LAMBDA_METADATA_API',
  'AWS_LAMBDA_METADATA_TOKEN',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);

const DEFAULT_LOG_GROUP_PREFIX = '/aws/lambda/';

/** Settings of a new function. */
export function newSettings(
  request: CreateFunctionRequest,
  { functionName }: Pick<FunctionIdentifier, 'functionName'>,
  layers: readonly FunctionLayer[] | undefined,
): FunctionSettings {
  const isManaged = request.CapacityProviderConfig !== undefined;
  const defaults: FunctionSettings = {
    description: '',
    role: request.Role!,
    timeoutSeconds: TIMEOUT_SECONDS.default,
    memoryMb: isManaged ? MIN_MANAGED_MEMORY_MB : MEMORY_MB.default,
    ephemeralStorageMb: EPHEMERAL_STORAGE_MB.default,
    layers: [],
    tracingMode: 'PassThrough',
    logging: {
      ...(isManaged
        ? { format: 'JSON', applicationLogLevel: 'INFO', systemLogLevel: 'INFO' }
        : { format: 'Text' }),
      logGroup: `${DEFAULT_LOG_GROUP_PREFIX}${functionName}`,
    },
    snapStartApplyOn: 'None',
  };
  return settings(request, { functionName }, defaults, layers);
}

/**
 * `current` with what the request says instead, `layers` being those it names. Throws AWS's error for
 * the first value that cannot be.
 */
export function settings<T extends FunctionSettings>(
  request: Request,
  { functionName }: Pick<FunctionIdentifier, 'functionName'>,
  current: T,
  layers: readonly FunctionLayer[] | undefined,
): T {
  const isManaged = request.CapacityProviderConfig !== undefined || current.capacity !== undefined;
  checkRange(request.MemorySize, 'memorySize', isManaged ? MANAGED_MEMORY_MB : MEMORY_MB);
  checkRange(request.Timeout, 'timeout', isManaged ? MANAGED_TIMEOUT_SECONDS : TIMEOUT_SECONDS);
  if (request.Runtime !== undefined) checkRuntime(request.Runtime);
  checkUnsupported(request);
  const environment = request.Environment?.Variables;
  if (environment !== undefined) checkEnvironment(environment);
  checkNetwork(request, current);
  const vpc = request.VpcConfig;
  return {
    ...current,
    ...defined({
      description: request.Description,
      role: request.Role,
      runtime: request.Runtime,
      handler: request.Handler,
      timeoutSeconds: request.Timeout,
      memoryMb: request.MemorySize,
      ephemeralStorageMb: request.EphemeralStorage?.Size,
      environment: request.Environment === undefined ? undefined : (environment ?? {}),
      layers,
      tracingMode: request.TracingConfig?.Mode,
      logging:
        request.LoggingConfig === undefined
          ? undefined
          : logging(request.LoggingConfig, functionName, current.logging),
      snapStartApplyOn: request.SnapStart?.ApplyOn,
      deadLetterTargetArn: request.DeadLetterConfig?.TargetArn,
      kmsKeyArn: request.KMSKeyArn,
      vpcConfig:
        vpc === undefined
          ? undefined
          : { subnetIds: vpc.SubnetIds ?? [], securityGroupIds: vpc.SecurityGroupIds ?? [] },
      imageConfig: imageOverrides(request.ImageConfig),
      durableConfig: durableConfig(request, current),
      capacity: functionCapacity(request.CapacityProviderConfig, current.capacity, 'Code' in request),
      fileSystemConfigs: request.FileSystemConfigs?.map(({ Arn, LocalMountPath }) => ({
        arn: Arn!,
        localMountPath: LocalMountPath!,
      })),
    }),
  };
}

/** A function is durable from its creation on, or never is. Source: the developer guide, "Enable durable execution". */
function durableConfig(
  request: Request,
  current: FunctionSettings,
): FunctionSettings['durableConfig'] | undefined {
  const { DurableConfig: wanted } = request;
  if (wanted === undefined) return undefined;
  const { durableConfig: before } = current;
  if (!('Code' in request) && before === undefined)
    throw invalidParameter('You cannot add a durable configuration to an existing function.');
  const executionTimeoutSeconds = wanted.ExecutionTimeout ?? before?.executionTimeoutSeconds;
  if (executionTimeoutSeconds === undefined)
    throw invalidParameter('ExecutionTimeout is required in DurableConfig.');
  const retentionDays = wanted.RetentionPeriodInDays ?? before?.retentionDays;
  const kmsKeyArn = wanted.KMSKeyArn ?? before?.kmsKeyArn;
  return {
    executionTimeoutSeconds,
    ...(retentionDays === undefined ? {} : { retentionDays }),
    ...(kmsKeyArn === undefined || kmsKeyArn === '' ? {} : { kmsKeyArn }),
  };
}

/** AWS answers an unknown runtime in words of its own, and one past its date in others. */
export function checkRuntime(runtime: string): void {
  if (runtimeIdentifier(runtime)?.blocked === true && runtime !== 'nodejs16.x') {
    throw invalidParameter(
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. ` +
        'We recommend you use a supported runtime while creating or updating functions.',
    );
  }
  if (!KNOWN_RUNTIMES.has(runtime)) {
    throw invalidParameter(
      `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${RUNTIMES}] or be a valid ARN`,
    );
  }
}

/** The model allows any number; AWS was seen to allow exactly one. */
export function checkArchitectures(architectures: readonly string[] | undefined): void {
  if (architectures === undefined) return;
  const shown = `[${architectures.join(', ')}]`;
  if (architectures.length > 1)
    throw constraintError(shown, 'architectures', 'Member must have length less than or equal to 1');
  if (architectures.length === 0)
    throw constraintError(shown, 'architectures', 'Member must have length greater than or equal to 1');
}

function checkRange(
  value: number | undefined,
  path: string,
  { min, max }: { min: number; max: number },
): void {
  if (value === undefined) return;
  // The model's upper bounds are those of managed instances; ordinary functions keep these.
  if (value > max) throw constraintError(value, path, `Member must have value less than or equal to ${max}`);
  if (value < min)
    throw constraintError(value, path, `Member must have value greater than or equal to ${min}`);
}

function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(variables).filter((name) => RESERVED_VARIABLES.has(name));
  if (reserved.length > 0) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have ' +
        'provided contains reserved keys that are currently not supported for modification. ' +
        `Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const json = JSON.stringify(variables);
  if (Buffer.byteLength(json) > MAX_ENVIRONMENT_BYTES) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have ' +
        `provided exceeded the 4KB limit. String measured: ${json}`,
    );
  }
}

/** What AWS says before it asks EC2 and EFS whether they know the names. */
function checkNetwork({ VpcConfig: vpc, FileSystemConfigs: fileSystems }: Request, current: Network): void {
  const subnets = vpc?.SubnetIds ?? [];
  const groups = vpc?.SecurityGroupIds ?? [];
  if ((subnets.length === 0) !== (groups.length === 0))
    throw invalidParameter('SubnetIds and SecurityIds must coexist or be both empty list.');
  const [fileSystem] = fileSystems ?? [];
  const isInVpc = vpc === undefined ? (current.vpcConfig?.subnetIds.length ?? 0) > 0 : subnets.length > 0;
  if (fileSystem !== undefined && !isInVpc) {
    throw invalidParameter(
      `Function must be configured to execute in a VPC to reference access point ${fileSystem.Arn}.`,
    );
  }
}

/** Settings that would do nothing are refused by name instead of being kept. */
function checkUnsupported(request: Request): void {
  const operation = 'Code' in request ? 'CreateFunction' : 'UpdateFunctionConfiguration';
  const refuse = (part: string): never => {
    throw notImplemented(operation, part);
  };
  if (request.TracingConfig?.Mode === 'Active') refuse('TracingConfig (Mode Active)');
}

function logging(
  request: NonNullable<CreateFunctionRequest['LoggingConfig']>,
  functionName: string,
  current: LoggingConfig,
): LoggingConfig {
  const format = request.LogFormat ?? current.format;
  if (
    format === 'Text' &&
    (request.ApplicationLogLevel !== undefined || request.SystemLogLevel !== undefined)
  ) {
    throw invalidParameter(
      'The application log level and system log level can only be set when the log format is JSON.',
    );
  }
  const logGroup = request.LogGroup ?? current.logGroup ?? `${DEFAULT_LOG_GROUP_PREFIX}${functionName}`;
  if (format === 'Text') return { format, logGroup };
  return {
    format,
    logGroup,
    applicationLogLevel: request.ApplicationLogLevel ?? current.applicationLogLevel ?? 'INFO',
    systemLogLevel: request.SystemLogLevel ?? current.systemLogLevel ?? 'INFO',
  };
}

/** Leaves out members that are undefined. */
function defined<T extends object>(from: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as never;
}

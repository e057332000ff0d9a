/** CapacityProviderConfig as requests give it, and what it asks of a function's other settings. */
import type { CapacityProviderConfig, FunctionConfiguration } from '@aws-sdk/client-lambda';
import { runtimeIdentifier } from '../../core/runtimes.ts';
import type { FunctionCapacity } from '../records/function-capacity.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { isManaged, maxConcurrencyOf } from '../records/managed-record.ts';
import { existingProvider } from './capacity-provider-operations.ts';
import type { ControlContext } from './control-context.ts';
import { invalidParameter, notImplemented } from './lambda-errors.ts';

/** Source: "Best practices for Lambda Managed Instances": "The minimum supported function size is 2GB and 1 vCPU". */
export const MIN_MANAGED_MEMORY_MB = 2_048;

/** The first version of each runtime on managed instances. Source: "Lambda Managed Instances runtimes". */
const FIRST_VERSIONS: Readonly<Record<string, readonly number[]>> = {
  java: [21],
  python: [3, 13],
  nodejs: [22],
  provided: [2023],
};

/** Of those, the ones that take several events at once here. */
const RUNNABLE_FAMILIES: ReadonlySet<string> = new Set(['nodejs', 'python', 'java', 'provided']);

/** `current` with what the request says instead; a function is on managed instances from its creation on, or never is. */
export function functionCapacity(
  request: CapacityProviderConfig | undefined,
  current: FunctionCapacity | undefined,
  isNew: boolean,
): FunctionCapacity | undefined {
  const wanted = request?.LambdaManagedInstancesCapacityProviderConfig;
  if (wanted === undefined) return undefined;
  if (!isNew && current === undefined)
    throw invalidParameter('CapacityProviderConfig cannot be added to an existing function.');
  const maxConcurrency = wanted.PerExecutionEnvironmentMaxConcurrency ?? current?.maxConcurrency;
  const memoryGibPerVcpu = wanted.ExecutionEnvironmentMemoryGiBPerVCpu ?? current?.memoryGibPerVcpu;
  return {
    providerArn: wanted.CapacityProviderArn!,
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(memoryGibPerVcpu === undefined ? {} : { memoryGibPerVcpu }),
  };
}

type Checked = Pick<
  FunctionRecord,
  'memoryMb' | 'runtime' | 'logging' | 'snapStartApplyOn' | 'vpcConfig' | 'durableConfig' | 'capacity'
> &
  Pick<FunctionRecord, 'architectures' | 'tenantIsolationMode'>;

/** Throws where a function cannot be on managed instances as it is. */
export function checkCapacity(
  context: ControlContext,
  chosen: Checked,
  caller: { readonly accountId: string; readonly region: string },
  operation: string,
): void {
  const { capacity } = chosen;
  if (capacity === undefined) return;
  const provider = existingProvider(context, capacity.providerArn, caller);
  if (chosen.memoryMb < MIN_MANAGED_MEMORY_MB)
    throw invalidParameter(
      `MemorySize must be at least ${MIN_MANAGED_MEMORY_MB} MB for functions with a capacity provider.`,
    );
  if (chosen.logging.format !== 'JSON')
    throw invalidParameter('LogFormat must be JSON for functions with a capacity provider.');
  if (chosen.architectures[0] !== provider.architecture)
    throw invalidParameter(
      `The architecture of the function must be that of the capacity provider: ${provider.architecture}.`,
    );
  checkManagedRuntime(chosen.runtime, operation);
  const unsupported = [
    [chosen.snapStartApplyOn === 'PublishedVersions', 'SnapStart'],
    [chosen.tenantIsolationMode !== undefined, 'TenancyConfig'],
    [(chosen.vpcConfig?.subnetIds.length ?? 0) > 0, 'VpcConfig'],
  ] as const;
  for (const [isThere, part] of unsupported)
    if (isThere) throw invalidParameter(`${part} is not supported for functions with a capacity provider.`);
  if (chosen.durableConfig !== undefined)
    throw notImplemented(operation, 'DurableConfig of a function with a capacity provider');
}

function checkManagedRuntime(runtime: string | undefined, operation: string): void {
  if (runtime === undefined) return;
  const { family = '', version = '' } = runtimeIdentifier(runtime) ?? {};
  const first = FIRST_VERSIONS[family];
  const numbers = (/\d[\d.]*/.exec(version)?.[0] ?? '').split('.').map(Number);
  const difference = first?.map((least, place) => (numbers[place] ?? 0) - least).find((by) => by !== 0) ?? 0;
  if (first === undefined || difference < 0)
    throw invalidParameter(`${runtime} is not supported for functions with a capacity provider.`);
  if (!RUNNABLE_FAMILIES.has(family))
    throw notImplemented(operation, `CapacityProviderConfig with the runtime ${runtime}`);
}

/** As AWS's API shows it. */
export function capacityProviderConfig(
  record: FunctionRecord,
): Pick<FunctionConfiguration, 'CapacityProviderConfig'> {
  if (!isManaged(record)) return {};
  const { providerArn, memoryGibPerVcpu } = record.capacity;
  return {
    CapacityProviderConfig: {
      LambdaManagedInstancesCapacityProviderConfig: {
        CapacityProviderArn: providerArn,
        PerExecutionEnvironmentMaxConcurrency: maxConcurrencyOf(record),
        ...(memoryGibPerVcpu === undefined ? {} : { ExecutionEnvironmentMemoryGiBPerVCpu: memoryGibPerVcpu }),
      },
    },
  };
}

/** The capacity of a Lambda alias or version: its provisioned concurrency, through Lambda's own API. */
import { AwsError } from '../../core/errors.ts';
import type { Call } from '../../ports/call.ts';
import type { TargetKey } from './scaling-records.ts';

/** `function:name:qualifier`; the groups are name and qualifier. */
const RESOURCE = /^function:([A-Za-z0-9-_]+):([A-Za-z0-9-_]+)$/;

export interface CapacityResource {
  readonly FunctionName: string;
  readonly Qualifier: string;
}

/** Undefined for what is no resource id of a Lambda function. */
export function capacityResource(resourceId: string): CapacityResource | undefined {
  const [, FunctionName, Qualifier] = RESOURCE.exec(resourceId) ?? [];
  return FunctionName === undefined || Qualifier === undefined ? undefined : { FunctionName, Qualifier };
}

export class ProvisionedCapacity {
  private readonly call: Call;

  constructor(call: Call) {
    this.call = call;
  }

  /** What is asked for now; 0 where nothing is. */
  async current(key: TargetKey): Promise<number> {
    try {
      const input = capacityResource(key.resourceId)!;
      const answer = await this.call(key, 'lambda', 'GetProvisionedConcurrencyConfig', input);
      return (answer as { RequestedProvisionedConcurrentExecutions: number })
        .RequestedProvisionedConcurrentExecutions;
    } catch (error) {
      if (error instanceof AwsError && error.code === 'ProvisionedConcurrencyConfigNotFoundException')
        return 0;
      throw error;
    }
  }

  async set(key: TargetKey, capacity: number): Promise<void> {
    const resource = capacityResource(key.resourceId)!;
    if (capacity === 0) {
      await this.call(key, 'lambda', 'DeleteProvisionedConcurrencyConfig', resource);
      return;
    }
    const input = { ...resource, ProvisionedConcurrentExecutions: capacity };
    await this.call(key, 'lambda', 'PutProvisionedConcurrencyConfig', input);
  }
}

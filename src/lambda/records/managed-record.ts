/** A function on managed instances, and what its environments are there. */
import type { FunctionRecord } from './function-record.ts';

/** Source: "Lambda Managed Instances", the ratio of general purpose functions. */
const DEFAULT_MEMORY_GIB_PER_VCPU = 2;
const MB_PER_GIB = 1_024;

/** Source: the runtimes' pages of "Lambda Managed Instances": "the default is … concurrent requests per vCPU". */
const CONCURRENCY_PER_VCPU: Readonly<Record<string, number>> = { nodejs: 64, python: 16, java: 32 };
/** Of custom runtimes, where AWS's guide names a figure for its Rust client alone. */
const OTHER_CONCURRENCY_PER_VCPU = 8;

/** A version whose environments are those of a capacity provider. */
export type ManagedRecord = FunctionRecord & Required<Pick<FunctionRecord, 'capacity'>>;

export function isManaged(record: FunctionRecord): record is ManagedRecord {
  return record.capacity !== undefined;
}

/** Of one environment. */
export function vcpusOf({ memoryMb, capacity }: ManagedRecord): number {
  return memoryMb / MB_PER_GIB / (capacity.memoryGibPerVcpu ?? DEFAULT_MEMORY_GIB_PER_VCPU);
}

/** Events at once in one environment: `AWS_LAMBDA_MAX_CONCURRENCY`. */
export function maxConcurrencyOf(record: ManagedRecord): number {
  const family = /^[a-z]+/.exec(record.runtime ?? '')?.[0] ?? '';
  const perVcpu = CONCURRENCY_PER_VCPU[family] ?? OTHER_CONCURRENCY_PER_VCPU;
  return record.capacity.maxConcurrency ?? Math.max(1, Math.floor(perVcpu * vcpusOf(record)));
}

/** What a function on managed instances has of its capacity provider, and how it is scaled there. */
export interface FunctionCapacity {
  readonly providerArn: string;
  /** Events at once in one environment; absent for the runtime's default. */
  readonly maxConcurrency?: number;
  readonly memoryGibPerVcpu?: number;
}

/** Environments of one published version. */
export interface FunctionScaling {
  readonly min: number;
  /** Absent: as many as the capacity provider has room for. */
  readonly max?: number;
}

/** A version nobody has scaled. Source: "Scaling Lambda Managed Instances", "starts three execution environments". */
export const DEFAULT_SCALING: FunctionScaling = { min: 3 };

/** How many batches of a source may be worked on at once: how many to begin with, how that grows, and how far. */
export interface ConcurrencyScaling {
  readonly initial: number;
  readonly max: number;
  readonly perMinute: number;
}

/** Source: Lambda developer guide, "Configuring scaling behavior for SQS event source mappings": the standard mode. */
const STANDARD: ConcurrencyScaling = { initial: 5, max: 1_250, perMinute: 300 };

/** Source: the same, "Provisioned mode": each poller runs up to ten batches at once, and 1,000 more come each minute. */
const BATCHES_OF_POLLER = 10;
const PROVISIONED_PER_MINUTE = 1_000;

/** Pollers that are kept ready, and that there may be at most. */
export interface ProvisionedRange {
  readonly minimum: number;
  readonly maximum: number;
}

export function standardScaling(maximumConcurrency: number = STANDARD.max): ConcurrencyScaling {
  return {
    ...STANDARD,
    initial: Math.min(STANDARD.initial, maximumConcurrency),
    max: maximumConcurrency,
  };
}

export function provisionedScaling({ minimum, maximum }: ProvisionedRange): ConcurrencyScaling {
  return {
    initial: minimum * BATCHES_OF_POLLER,
    max: maximum * BATCHES_OF_POLLER,
    perMinute: PROVISIONED_PER_MINUTE,
  };
}

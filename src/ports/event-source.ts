/** The seam *source*: batches pulled from a resource of another service, by its ARN. */

export interface SourceRecord {
  /** Names the record to `acknowledge` and `release`: what it is known by while it is taken. */
  readonly handle: string;
  /** Names the record in the answer of a function, for example a message id. */
  readonly itemId: string;
  /** The record as AWS hands it to a function, with AWS's member names. */
  readonly record: Readonly<Record<string, unknown>>;
  /** X-Ray's trace header that came with it. */
  readonly traceHeader?: string;
}

export interface SourceDescription {
  /** Order is kept within groups. */
  readonly isOrdered: boolean;
  /** How long taken records stay with their taker unless acknowledged. */
  readonly visibilityTimeoutSeconds: number;
}

export interface Pull {
  readonly max: number;
  /** Ends the waiting; what was taken by then is given all the same. */
  readonly signal: AbortSignal;
}

export interface EventSource {
  /** Undefined where there is no such resource. */
  describe(arn: string): Promise<SourceDescription | undefined>;
  /**
   * Up to `max` records, as soon as there are any; none only when the signal ends it. Waiting costs
   * nothing: the source tells. Throws where the resource does not exist any more.
   */
  pull(arn: string, pull: Pull): Promise<readonly SourceRecord[]>;
  /** They are done with and will not come again; durable when it resolves. */
  acknowledge(arn: string, handles: readonly string[]): Promise<void>;
  /** Gives back records that nobody has looked at: they may be taken again at once. */
  release(arn: string, handles: readonly string[]): Promise<void>;
}

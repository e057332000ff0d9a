/** A call whose resource and condition keys are asked for. */
export interface ResourceQuestion {
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly accountId: string;
  readonly region: string;
  readonly path: string;
  /** ARN of whoever calls. */
  readonly callerArn: string;
}

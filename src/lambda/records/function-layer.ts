/** A layer version as a function refers to it: the version may be deleted, and the function keeps it. */
export interface FunctionLayer {
  /** ARN of the version. */
  readonly arn: string;
  /** Its package: see `CodeReference`. */
  readonly blob: string;
  readonly sizeBytes: number;
  readonly unpackedBytes: number;
}

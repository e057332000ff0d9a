/** The seam *call*: an operation of another service, in process, without the wire. */

export interface Caller {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
}

/**
 * Calls `operation` of the service with the model name `service`. Input and output are plain objects with
 * AWS's member names; a modelled error is thrown as `AwsError`, `NotImplemented` where nobody implements it.
 */
export type Call = (caller: Caller, service: string, operation: string, input: object) => Promise<unknown>;

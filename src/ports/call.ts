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

/** Whether anybody here implements the operation. */
export type IsCallable = (service: string, operation: string) => boolean;

/** A service that has taken a role which was passed to it. */
export interface RoleCaller extends Caller {
  readonly roleArn: string;
  /** The service principal that the role has to trust: `scheduler.amazonaws.com`. */
  readonly principal: string;
  readonly sessionName: string;
}

/**
 * As `Call`, by what the role may do, and with an input that nobody has looked at yet: JSON with AWS's member names,
 * of which the first letter may be in either case, and with text where bytes are meant. It is held against the model
 * as a request over the wire is; throws `AwsError` where it does not fit, or the role does not allow it.
 */
export type CallAs = (
  caller: RoleCaller,
  service: string,
  operation: string,
  input: object,
) => Promise<unknown>;

/**
 * Rejects with an `AwsError` where the role of `caller` does not allow `action` of `resource`, an ARN: for what a
 * service does without a call, such as reading a source.
 */
export type RequireOfRole = (caller: RoleCaller, action: string, resource: string) => Promise<void>;

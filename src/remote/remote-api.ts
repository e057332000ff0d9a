/** What the adapters here need of a client of one service. */

export interface RemoteCallOptions {
  readonly region: string;
  /** Ends the call, which then rejects. */
  readonly signal?: AbortSignal;
}

export interface RemoteApi {
  /** Plain objects with AWS's member names; what the service answers as an error is thrown as `AwsError`. */
  call(operation: string, input: object, options: RemoteCallOptions): Promise<unknown>;
}

/** The border inside the wire: HTTP front (`server`, `signature`, `routing`) and API models (`model`, `protocols`). */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** What decides protocol and operation, before the body is read. */
export interface WireRequestHead {
  readonly method: string;
  /** As sent: percent-encoded, without the query. S3 hosts are already turned into path style. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
}

export interface WireRequest extends WireRequestHead {
  /** Whole and decoded from aws-chunked; a stream only for operations with `streamsInput`. */
  readonly body: Buffer | Readable;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** An iterable is sent piece by piece as it comes. */
  readonly body: Buffer | string | AsyncIterable<Uint8Array> | undefined;
}

export type ProtocolName =
  | 'restJson1'
  | 'restXml'
  | 'awsJson1_0'
  | 'awsJson1_1'
  | 'awsQuery'
  | 'ec2Query'
  | 'rpcv2Cbor'
  /** JSON's older companion, which Kinesis speaks with the SDKs for Java: CBOR, the operation in `X-Amz-Target`. */
  | 'awsCbor1_1';

/** An operation of a service together with the protocol this request speaks. */
export interface MatchedOperation {
  readonly operation: string;
  readonly protocol: ProtocolName;
  /** The input has a streaming blob payload: the body need not be gathered. */
  readonly streamsInput: boolean;
}

/** A service's API, compiled from its generated model; opened once, on first use. */
export interface ServiceModel {
  readonly name: string;
  /** All operations of the model, sorted. */
  readonly operationNames: readonly string[];
  /** Clients compress large bodies of some operation with gzip. */
  readonly acceptsGzip: boolean;
  /**
   * Finds the operation. For awsQuery and ec2Query the `Action` is in the body, so those return
   * undefined until `body` is given. Throws the service's unknown-operation `AwsError`.
   */
  match(head: WireRequestHead, body?: Buffer): MatchedOperation | undefined;
  /** Strictly typed and validated input; throws `AwsError` (SerializationException, validation). */
  decode(match: MatchedOperation, request: WireRequest): unknown;
  /** The same of an input that no request carries, see `plain-input.ts`; undefined for an operation that is not in the model. */
  decodePlain(operation: string, input: object): unknown;
  encodeOutput(match: MatchedOperation, output: unknown, requestId: string): WireResponse;
  /** `match` is undefined when the request did not get that far; then the head decides the form. */
  encodeError(
    match: MatchedOperation | undefined,
    head: WireRequestHead,
    error: Error,
    requestId: string,
  ): WireResponse;
}

/** Opens the generated model of a service; undefined when there is none of that name. */
export type OpenServiceModel = (name: string) => ServiceModel | undefined;

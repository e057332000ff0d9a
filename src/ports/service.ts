/** The one contract of every AWS service in this process. It names no service. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { PolicyDocument } from '../core/policy/policy-document.ts';
import type { Receive } from './delivery.ts';
import type { Identity } from './identity.ts';

/** Who calls what from where; made by the wire for each request. */
export interface RequestContext {
  readonly requestId: string;
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
  readonly accessKeyId: string | undefined;
  /** That comes with temporary credentials, in the header or the query. */
  readonly sessionToken?: string | undefined;
  /** Who signed, where it is somebody known here; absent where nobody did, or with a key that is only a name. */
  readonly identity?: Identity | undefined;
  /** Header fields in lower case, for the few that no model names (`x-amzn-trace-id`). */
  readonly headers: IncomingHttpHeaders;
  /** `http://host:port` as the client addressed this server; base for URLs handed out. */
  readonly origin: string;
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
  /** Header fields of the answer that no model names; an operation may add to them. */
  readonly answerHeaders: Record<string, string>;
}

/** Plain objects with AWS's member names in and out; modelled errors are thrown as `AwsError`. */
export type Operation<Input, Output> = (input: Input, context: RequestContext) => Promise<Output>;

type CommandName<Sdk> = { [K in keyof Sdk]: K extends `${infer Name}Command` ? Name : never }[keyof Sdk];

type SdkOperation<Sdk, Name extends string> = `${Name}Command` extends keyof Sdk
  ? Sdk[`${Name}Command`] extends abstract new (
      ...args: never
    ) => {
      // Not from the constructor: it is overloaded where no member is required.
      readonly input: infer Input;
      resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: infer Output }>;
    }
    ? Operation<Input, Omit<Output, '$metadata'>>
    : never
  : never;

/**
 * The operations a service implements, each typed by the AWS SDK's own command:
 * `Operations<typeof import('@aws-sdk/client-lambda')>`. What is absent answers `NotImplemented`.
 */
export type Operations<Sdk> = {
  readonly [Name in CommandName<Sdk> & string]?: SdkOperation<Sdk, Name>;
};

/** An HTTP surface that is not an AWS API call, for example a download of a function's package. */
export interface Endpoint {
  /** Path prefix, for example `/_selfsame/code/`. */
  readonly pathPrefix: string;
  /** Where API calls have paths like it: whether this request is meant for the endpoint. Default: every one. */
  serves?(request: IncomingMessage): boolean;
  /**
   * The hosts that it serves are its own: every path under them, whatever other endpoints there are, and
   * web pages of any origin, among which it decides itself.
   */
  readonly ownsHosts?: boolean;
  handle(request: IncomingMessage, response: ServerResponse): void | Promise<void>;
}

export interface Service {
  /** Name of the generated model, for example `lambda`; see `src/generated`. */
  readonly name: string;
  /** Erased here; each service's module types them with `Operations`. */
  readonly operations: Readonly<Record<string, Operation<never, unknown> | undefined>>;
  readonly endpoints?: readonly Endpoint[];
  /** Takes events that other services deliver to its resources. */
  readonly receive?: Receive;
  /** The policy attached to a resource of this service; undefined where it has none. Asked under authorization. */
  readonly resourcePolicy?: (arn: string) => Promise<PolicyDocument | undefined>;
  /** Whose a resource is whose ARN does not say so; undefined where it is not there, or `action` is to make it. */
  readonly resourceOwner?: (arn: string, action: string) => string | undefined;
  /** Largest request body by operation, with the error AWS answers beyond it. */
  readonly bodyLimits?: Readonly<Record<string, BodyLimit>>;
}

export interface BodyLimit {
  readonly maxBytes: number;
  /** The error for a body of more than `maxBytes` bytes. */
  error(sizeBytes: number): Error;
}

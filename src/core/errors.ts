/**
 * The four kinds of error, never mixed: `AwsError` (a modelled error of an AWS API, in AWS's words),
 * outcomes of user code (data, no class here), `PlatformError` (for operators, with a remedy), and
 * `AssertionError` from `invariant` (a bug).
 */
import { AssertionError } from 'node:assert';

/** An error that an AWS API answers; the wire renders it in the protocol of the request. */
export class AwsError extends Error {
  /** The shape name or code, for example `ResourceNotFoundException`. */
  readonly code: string;
  /** Further members of the error shape, by their AWS names, for example `{ Type: 'User' }`. */
  readonly members: Readonly<Record<string, unknown>>;
  /** HTTP status; needed only for codes that the service's model does not list. */
  readonly status: number | undefined;

  constructor(code: string, message: string, members: Record<string, unknown> = {}, status?: number) {
    super(message);
    this.name = code;
    this.code = code;
    this.members = members;
    this.status = status;
  }
}

/** Something the operator of this server can mend: what happened, with the value, and what to do. */
export class PlatformError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PlatformError';
    this.remedy = remedy;
  }
}

/** Throws where the code, not its input, is wrong. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError({ message });
}

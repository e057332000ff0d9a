import { PlatformError } from '../core/errors.ts';

/** The command line, a variable or the configuration file says something that cannot be done. */
export class UsageError extends PlatformError {}

/** A function that was invoked failed; the command printed its error as the result it is. */
export class FunctionFailed extends Error {}

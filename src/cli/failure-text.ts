/** Errors as a person reads them: what happened, with the value, and the remedy where there is one. */
import { PlatformError } from '../core/errors.ts';
import { FunctionFailed, UsageError } from './cli-errors.ts';
import type { ExitCode } from './exit-codes.ts';
import { EXIT_CODES } from './exit-codes.ts';

export function failureText(error: unknown): string {
  if (error instanceof PlatformError) return `${sentence(error.message)}\n${error.remedy}`;
  if (!(error instanceof Error)) return String(error);
  if (isAwsAnswer(error)) return `${error.name}: ${error.message}`;
  if (error instanceof FunctionFailed) return error.message;
  // Anything else is a mistake in this program: its stack is what a report needs.
  return error.stack ?? error.message;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT_CODES.usage;
  if (error instanceof FunctionFailed) return EXIT_CODES.functionError;
  return EXIT_CODES.failure;
}

/** Clients of the AWS SDK throw the service's error with its name and what the answer said. */
function isAwsAnswer(error: Error): boolean {
  return '$metadata' in error && '$fault' in error;
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?:]$/.test(text) || text.includes('\n') ? text : `${text}.`;
}

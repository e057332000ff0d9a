/** The commands, one file each, and how the command line speaks. */
import type { Application, ApplicationText } from '@stricli/core';
import { buildApplication, buildRouteMap, run, ExitCode as StricliExitCode, text_en } from '@stricli/core';
import { version } from '../platform/version.ts';
import type { CliContext } from './cli-context.ts';
import { clockCommand } from './clock.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { deployCommand } from './deploy.ts';
import { doctorCommand } from './doctor.ts';
import type { ExitCode } from './exit-codes.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { exitCodeOf, failureText } from './failure-text.ts';
import { invokeCommand } from './invoke.ts';
import { logsCommand } from './logs.ts';
import { operationsCommand } from './operations.ts';
import { runtimesCommand } from './runtimes.ts';
import { startCommand } from './start.ts';
import { versionCommand } from './version.ts';

const routes = buildRouteMap({
  routes: {
    start: startCommand,
    doctor: doctorCommand,
    runtimes: runtimesCommand,
    operations: operationsCommand,
    deploy: deployCommand,
    invoke: invokeCommand,
    logs: logsCommand,
    clock: clockCommand,
    version: versionCommand,
    completion: completionCommand,
    complete: completeCommand(() => application),
  },
  docs: {
    brief: 'AWS Lambda on your own machines',
    fullDescription:
      'The same API and the same behaviour as AWS Lambda, for unmodified AWS clients. Without a command, starts a server.\n\n' +
      'Exit codes: 0 success, 1 failure, 2 a command line or configuration that cannot be understood, ' +
      '3 the invoked function failed.',
    hideRoute: { complete: true },
  },
});

const text: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: (args) =>
    `${text_en.noCommandRegisteredForInput(args)}\n\`selfsame --help\` lists the commands.`,
  exceptionWhileParsingArguments(error, ansiColor) {
    const problem = text_en.exceptionWhileParsingArguments.call(this, error, ansiColor);
    return `${problem}\nAdd --help to see what the command takes.`;
  },
  exceptionWhileRunningCommand: failureText,
  commandErrorResult: failureText,
};

export const application: Application<CliContext> = buildApplication(routes, {
  name: 'selfsame',
  versionInfo: { currentVersion: version() },
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  documentation: { onlyRequiredInUsageLine: true },
  localization: { text },
  determineExitCode: exitCodeOf,
});

/** Runs one command line to its end; what it printed is in the context's streams. */
export async function runCommandLine(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const process: CliContext['process'] & { exitCode?: number | string | null } = {
    stdout: context.process.stdout,
    stderr: context.process.stderr,
    env: context.process.env,
  };
  await run(application, args.length === 0 ? ['start'] : args, { ...context, process });
  return exitCode(process.exitCode);
}

function exitCode(code: number | string | null | undefined): ExitCode {
  if (code === StricliExitCode.UnknownCommand || code === StricliExitCode.InvalidArgument)
    return EXIT_CODES.usage;
  return Object.values(EXIT_CODES).find((known) => known === code) ?? EXIT_CODES.failure;
}

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buildCommand } from '@stricli/core';
import type { InvocationPrice } from '../core/price.ts';
import { formatUsd, invocationPrice, US_EAST_1 } from '../core/price.ts';
import type { CliContext } from './cli-context.ts';
import { FunctionFailed, UsageError } from './cli-errors.ts';
import { openLambdaClient } from './client/aws-clients.ts';
import type { InvocationFigures } from './client/report-line.ts';
import { readReport } from './client/report-line.ts';
import { endpointOf, reaching } from './client/server.ts';
import { configFlag, endpointFlag, jsonFlag, regionFlag, textFlag } from './settings/setting-flags.ts';
import type { ClientFlags, Settings } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { printJson } from './terminal/json-output.ts';
import { paletteFor } from './terminal/palette.ts';
import { withProgress } from './terminal/progress-bar.ts';

interface InvokeFlags extends ClientFlags {
  readonly payload?: string;
  readonly qualifier?: string;
  readonly log: boolean;
}

interface Invocation {
  readonly payload: Uint8Array;
  readonly functionError: string | undefined;
  readonly executedVersion: string | undefined;
  readonly logTail: string;
  /** Undefined where the log holds no report, as with a log level that leaves it out. */
  readonly figures: InvocationFigures | undefined;
  readonly price: InvocationPrice | undefined;
}

export const invokeCommand = buildCommand({
  docs: {
    brief: 'Invoke a function and print its result',
    fullDescription:
      "Prints the function's result on standard output, and what the invocation took and would cost on AWS on " +
      'standard error. The exit code is 3 when the function failed.',
  },
  parameters: {
    flags: {
      payload: textFlag('json|@file|-', 'The event: JSON, @ and a file, or - for standard input'),
      qualifier: textFlag('version', 'Version or alias to invoke'),
      log: { kind: 'boolean', default: false, withNegated: false, brief: 'Print the end of the log (4 KB)' },
      endpoint: endpointFlag,
      region: regionFlag,
      config: configFlag,
      json: jsonFlag,
    },
    aliases: { p: 'payload', l: 'log' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name or ARN of the function', placeholder: 'name', parse: String }],
    },
  },
  async func(this: CliContext, flags: InvokeFlags, name: string) {
    const settings = await readSettings(this, flags);
    const payload = await readPayload(this, flags.payload);
    const invocation = await withProgress(this, `Invoking ${name}`, () =>
      reaching(endpointOf(settings), () => invoke(this, settings, name, flags.qualifier, payload)),
    );
    if (flags.json) printJson(this, asData(invocation));
    else print(this, invocation, flags.log);
    if (invocation.functionError !== undefined) return new FunctionFailed(`The function ${name} failed.`);
    return undefined;
  },
});

async function readPayload(context: CliContext, given: string | undefined): Promise<Uint8Array | undefined> {
  if (given === undefined) return undefined;
  if (given === '-') return context.readInput();
  if (!given.startsWith('@')) return Buffer.from(given);
  const file = resolve(context.workingDirectory, given.slice(1));
  return readFile(file).catch((error: Error) => {
    throw new UsageError(
      `The payload ${file} cannot be read (${error.message}).`,
      'Name a file after the @.',
    );
  });
}

async function invoke(
  context: CliContext,
  settings: Settings,
  name: string,
  qualifier: string | undefined,
  payload: Uint8Array | undefined,
): Promise<Invocation> {
  const { InvokeCommand, GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const client = await openLambdaClient(context, settings);
  const target = { FunctionName: name, ...(qualifier === undefined ? {} : { Qualifier: qualifier }) };
  try {
    const result = await client.send(
      new InvokeCommand({
        ...target,
        LogType: 'Tail',
        ...(payload === undefined ? {} : { Payload: payload }),
      }),
    );
    const logTail = Buffer.from(result.LogResult ?? '', 'base64').toString();
    const figures = readReport(logTail);
    const configuration = await client.send(new GetFunctionConfigurationCommand(target));
    return {
      payload: result.Payload ?? new Uint8Array(),
      functionError: result.FunctionError,
      executedVersion: result.ExecutedVersion,
      logTail,
      figures,
      price:
        figures &&
        invocationPrice({
          billedDurationMs: figures.billedDurationMs,
          memoryMb: figures.memorySizeMb,
          ephemeralStorageMb: configuration.EphemeralStorage?.Size ?? US_EAST_1.includedEphemeralMb,
          architecture: configuration.Architectures?.[0] === 'arm64' ? 'arm64' : 'x86_64',
        }),
    };
  } finally {
    client.destroy();
  }
}

function print(context: CliContext, invocation: Invocation, withLog: boolean): void {
  const { stdout, stderr, env } = context.process;
  const text = Buffer.from(invocation.payload).toString();
  stdout.write(text.endsWith('\n') || text === '' ? text : `${text}\n`);
  const { faint } = paletteFor(stderr, env);
  if (withLog) stderr.write(faint(invocation.logTail));
  const { figures, price } = invocation;
  if (figures === undefined || price === undefined) {
    stderr.write("No price: the function's log level leaves out the report of the invocation.\n");
    return;
  }
  const init = figures.initDurationMs === undefined ? '' : `, init ${figures.initDurationMs} ms`;
  stderr.write(
    `${figures.durationMs} ms${init}, billed ${figures.billedDurationMs} ms with ${figures.memorySizeMb} MB ` +
      `(used ${figures.maxMemoryUsedMb} MB): ${formatUsd(price.totalUsd)} on AWS ` +
      `(${US_EAST_1.region}, ${US_EAST_1.date}, without the free tier)\n`,
  );
}

function asData({ payload, figures, price, ...rest }: Invocation): object {
  const text = Buffer.from(payload).toString();
  return {
    ...rest,
    payload: parsed(text),
    report: figures,
    priceUsd: price?.totalUsd,
    priceList: price && { region: US_EAST_1.region, date: US_EAST_1.date },
  };
}

/** A result is JSON nearly always; what is not stays the text it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

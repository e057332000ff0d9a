import { setTimeout as delay } from 'node:timers/promises';
import type { CloudWatchLogsClient, FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { buildCommand } from '@stricli/core';
import { parseDuration } from '../core/duration.ts';
import { PlatformError } from '../core/errors.ts';
import type { CliContext } from './cli-context.ts';
import { openLambdaClient, openLogsClient } from './client/aws-clients.ts';
import { endpointOf, reaching, readClock } from './client/server.ts';
import { configFlag, endpointFlag, jsonFlag, regionFlag, textFlag } from './settings/setting-flags.ts';
import type { ClientFlags, Settings } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { printJson } from './terminal/json-output.ts';
import type { Palette } from './terminal/palette.ts';
import { paletteFor } from './terminal/palette.ts';

interface LogsFlags extends ClientFlags {
  readonly follow: boolean;
  /** Milliseconds. */
  readonly since?: number;
  readonly filter?: string;
}

/** How far back without --since, milliseconds; as `aws logs tail`. */
const DEFAULT_SINCE_MS = 10 * 60_000;
/** Milliseconds between two looks for new lines. */
const FOLLOW_INTERVAL_MS = 500;
/**
 * Lines reach the log some moments after they were written, in no fixed order between environments:
 * so far back is looked again, milliseconds.
 */
const OVERLAP_MS = 10_000;

export const logsCommand = buildCommand({
  docs: {
    brief: "Print a function's log",
    fullDescription:
      'Prints the lines of the last ten minutes, or since another time; with --follow goes on until Ctrl-C.',
  },
  parameters: {
    flags: {
      follow: { kind: 'boolean', default: false, withNegated: false, brief: 'Go on with new lines' },
      since: {
        kind: 'parsed',
        optional: true,
        parse: parseDuration,
        placeholder: 'duration',
        brief: 'How far back, such as 30s, 2h or 1d; default 10m',
      },
      filter: textFlag('pattern', 'Only lines that match this pattern of CloudWatch Logs'),
      endpoint: endpointFlag,
      region: regionFlag,
      config: configFlag,
      json: jsonFlag,
    },
    aliases: { f: 'follow' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name or ARN of the function', placeholder: 'name', parse: String }],
    },
  },
  async func(this: CliContext, flags: LogsFlags, name: string) {
    const settings = await readSettings(this, flags);
    const interruption = flags.follow ? this.interruption() : undefined;
    const client = await openLogsClient(this, settings);
    try {
      await reaching(endpointOf(settings), async () => {
        const group = await logGroupOf(this, settings, name);
        const now = Date.parse((await readClock(endpointOf(settings))).now);
        const reader = new LogReader(client, group, now - (flags.since ?? DEFAULT_SINCE_MS), flags.filter);
        await printNew(this, reader, flags.json);
        while (interruption?.aborted === false) {
          await delay(FOLLOW_INTERVAL_MS, undefined, { signal: interruption }).catch(() => undefined);
          await printNew(this, reader, flags.json);
        }
      });
    } finally {
      client.destroy();
    }
  },
});

async function logGroupOf(context: CliContext, settings: Settings, name: string): Promise<string> {
  const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const client = await openLambdaClient(context, settings);
  try {
    const configuration = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return configuration.LoggingConfig?.LogGroup ?? `/aws/lambda/${configuration.FunctionName}`;
  } finally {
    client.destroy();
  }
}

/** Hands out each event once, in the order of time as far as it was there when asked. */
class LogReader {
  private readonly client: CloudWatchLogsClient;
  private readonly group: string;
  private readonly filter: string | undefined;
  private fromMs: number;
  private readonly seen = new Map<string, number>();

  constructor(client: CloudWatchLogsClient, group: string, fromMs: number, filter: string | undefined) {
    this.client = client;
    this.group = group;
    this.fromMs = fromMs;
    this.filter = filter;
  }

  async *newEvents(): AsyncGenerator<FilteredLogEvent> {
    const { paginateFilterLogEvents, ResourceNotFoundException } = await import(
      '@aws-sdk/client-cloudwatch-logs'
    );
    try {
      const pages = paginateFilterLogEvents(
        { client: this.client },
        {
          logGroupName: this.group,
          startTime: Math.max(0, this.fromMs),
          ...(this.filter === undefined ? {} : { filterPattern: this.filter }),
        },
      );
      for await (const { events = [] } of pages) yield* events.filter((event) => this.isNew(event));
    } catch (error) {
      // The group comes with the function's first line.
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
  }

  private isNew({ eventId = '', timestamp = 0 }: FilteredLogEvent): boolean {
    if (this.seen.has(eventId)) return false;
    this.seen.set(eventId, timestamp);
    this.fromMs = Math.max(this.fromMs, timestamp - OVERLAP_MS);
    for (const [id, time] of this.seen) {
      if (time >= this.fromMs) break;
      this.seen.delete(id);
    }
    return true;
  }
}

async function printNew(context: CliContext, reader: LogReader, json: boolean): Promise<void> {
  const palette = paletteFor(context.process.stdout, context.process.env);
  for await (const event of reader.newEvents()) {
    if (event.timestamp === undefined || event.message === undefined)
      throw new PlatformError('A log event has no time or text.', 'Check what serves at the endpoint.');
    if (json) printJson(context, event);
    else context.process.stdout.write(line(event.timestamp, event.message, palette));
  }
}

function line(timestamp: number, message: string, { faint }: Palette): string {
  const text = message.replace(/\n$/, '');
  const platform = /^(START|END|REPORT|INIT_START|INIT_REPORT) /.test(text);
  return `${faint(new Date(timestamp).toISOString())} ${platform ? faint(text) : text}\n`;
}

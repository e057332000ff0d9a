import { buildCommand } from '@stricli/core';
import { formatDuration, parseDuration } from '../core/duration.ts';
import type { CliContext } from './cli-context.ts';
import { UsageError } from './cli-errors.ts';
import type { ClockState } from './client/server.ts';
import { advanceClock, endpointOf, readClock } from './client/server.ts';
import { configFlag, endpointFlag, jsonFlag } from './settings/setting-flags.ts';
import type { ClientFlags } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { printJson } from './terminal/json-output.ts';
import { withProgress } from './terminal/progress-bar.ts';

type ClockFlags = Omit<ClientFlags, 'region'>;

export const clockCommand = buildCommand({
  docs: {
    brief: 'Read the clock of the running server, or move it forward',
    fullDescription:
      '`clock` prints service time, which timestamps, retries, schedules and retention follow. ' +
      '`clock advance 6h` moves it and waits until everything that falls due on the way has run. ' +
      'Time-outs of running functions follow real time.',
    customUsage: ['', 'advance <duration>'],
  },
  parameters: {
    flags: { endpoint: endpointFlag, config: configFlag, json: jsonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'advance, to move the clock',
          placeholder: 'advance',
          optional: true,
          parse: parseAction,
          proposeCompletions: () => ['advance'],
        },
        {
          brief: 'How far, such as 90s, 10m, 6h or 7d',
          placeholder: 'duration',
          optional: true,
          parse: parseDuration,
        },
      ],
    },
  },
  async func(this: CliContext, flags: ClockFlags, action?: 'advance', ms?: number) {
    const endpoint = endpointOf(await readSettings(this, flags));
    if (action === undefined) return print(this, await readClock(endpoint), flags.json);
    if (ms === undefined) {
      throw new UsageError('It is not said how far to advance.', 'For example: selfsame clock advance 6h');
    }
    const moved = await withProgress(this, 'Advancing', () => advanceClock(endpoint, ms));
    return print(this, moved, flags.json);
  },
});

function parseAction(text: string): 'advance' {
  if (text !== 'advance') throw new SyntaxError('expected advance, or nothing to read the clock');
  return text;
}

function print(context: CliContext, state: ClockState, json: boolean): void {
  if (json) {
    printJson(context, state);
    return;
  }
  const ahead =
    state.offsetSeconds === 0 ? 'real time' : `${formatDuration(state.offsetSeconds * 1_000)} ahead`;
  context.process.stdout.write(`${state.now} (${ahead})\n`);
}

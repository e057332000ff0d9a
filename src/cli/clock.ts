import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from './cli-context.ts';
import type { ClockState } from './client/server.ts';
import { advanceClock, endpointOf, readClock } from './client/server.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { configFlag, endpointFlag, jsonFlag } from './settings/setting-flags.ts';
import type { ClientFlags } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { printJson } from './terminal/json-output.ts';
import { withProgress } from './terminal/progress-bar.ts';

type ClockFlags = Omit<ClientFlags, 'region'>;

const flags = { endpoint: endpointFlag, config: configFlag, json: jsonFlag };

const readCommand = buildCommand({
  docs: { brief: 'Print the service time of the running server' },
  parameters: { flags },
  async func(this: CliContext, flags: ClockFlags) {
    print(this, await readClock(endpointOf(await readSettings(this, flags))), flags.json);
  },
});

const advanceCommand = buildCommand({
  docs: {
    brief: 'Move the service time of the running server forward',
    fullDescription:
      'Moves service time, which timestamps, retries, schedules and retention follow, and waits until everything ' +
      'that falls due on the way has run. Time-outs of running functions follow real time.',
  },
  parameters: {
    flags,
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'How far, such as 90s, 10m, 6h or 7d', placeholder: 'duration', parse: parseDuration },
      ],
    },
  },
  async func(this: CliContext, flags: ClockFlags, ms: number) {
    const endpoint = endpointOf(await readSettings(this, flags));
    const moved = await withProgress(this, 'Advancing', () => advanceClock(endpoint, ms));
    print(this, moved, flags.json);
  },
});

export const clockRoutes = buildRouteMap({
  routes: { read: readCommand, advance: advanceCommand },
  defaultCommand: 'read',
  docs: { brief: 'Read or advance the clock of the running server' },
});

function print(context: CliContext, state: ClockState, json: boolean): void {
  if (json) {
    printJson(context, state);
    return;
  }
  const ahead =
    state.offsetSeconds === 0 ? 'real time' : `${formatDuration(state.offsetSeconds * 1_000)} ahead`;
  context.process.stdout.write(`${state.now} (${ahead})\n`);
}

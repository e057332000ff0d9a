import { buildCommand } from '@stricli/core';
import type { CliContext } from './cli-context.ts';
import { UsageError } from './cli-errors.ts';
import { jsonFlag, textFlag } from './settings/setting-flags.ts';
import { columns } from './terminal/columns.ts';
import { printJson } from './terminal/json-output.ts';
import { paletteFor } from './terminal/palette.ts';
import { withProgress } from './terminal/progress-bar.ts';

interface OperationsFlags {
  readonly service?: string;
  readonly json: boolean;
}

/** Operations of a service's model by name, true where they are implemented. */
type Coverage = Readonly<Record<string, boolean>>;

export const operationsCommand = buildCommand({
  docs: {
    brief: 'List which AWS operations are implemented',
    fullDescription:
      'Counts, for each service whose API is known, the operations that are implemented; with --service, ' +
      'lists each of them. All others answer NotImplemented, naming themselves. No server is needed.',
  },
  parameters: {
    flags: { service: textFlag('name', 'List every operation of this service'), json: jsonFlag },
  },
  async func(this: CliContext, { service, json }: OperationsFlags) {
    const services = await withProgress(this, 'Reading the models', coverageByService);
    if (service !== undefined && services[service] === undefined) {
      throw new UsageError(
        `There is no service named '${service}'.`,
        `Known are ${Object.keys(services).join(', ')}.`,
      );
    }
    if (json) printJson(this, service === undefined ? services : services[service]);
    else if (service === undefined) printServices(this, services);
    else printOperations(this, services[service]!);
  },
});

/** Asks the composed platform itself, so that the list cannot differ from what is served. */
async function coverageByService(): Promise<Record<string, Coverage>> {
  const [{ start }, { readModelFile, readModelIndex }] = await Promise.all([
    import('../platform/start.ts'),
    import('../wire/model/model-file.ts'),
  ]);
  await using platform = await start({
    port: 0,
    dataDir: 'temporary',
    isolation: 'process',
    logLevel: 'silent',
  });
  const implemented = platform.operations();
  const services: Record<string, Coverage> = {};
  for (const name of Object.keys(readModelIndex()).sort()) {
    const known = new Set(implemented[name]);
    const operations = Object.keys(readModelFile(name)?.operations ?? {}).sort();
    services[name] = Object.fromEntries(operations.map((operation) => [operation, known.has(operation)]));
  }
  return services;
}

function printServices(context: CliContext, services: Readonly<Record<string, Coverage>>): void {
  const { good, faint } = paletteFor(context.process.stdout, context.process.env);
  const rows = Object.entries(services).map(([name, coverage]) => {
    const all = Object.values(coverage);
    const done = all.filter(Boolean).length;
    return [name, done === 0 ? faint(`0 of ${all.length}`) : good(`${done} of ${all.length}`)];
  });
  context.process.stdout.write(columns(rows));
}

function printOperations(context: CliContext, coverage: Coverage): void {
  const { good, faint } = paletteFor(context.process.stdout, context.process.env);
  const rows = Object.entries(coverage).map(([name, done]) => [name, done ? good('yes') : faint('no')]);
  context.process.stdout.write(columns(rows));
}

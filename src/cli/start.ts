import { once } from 'node:events';
import { buildCommand } from '@stricli/core';
import { boundNewSpace } from '../platform/new-space.ts';
import type { PlatformFacts } from '../platform/start.ts';
import type { RuntimeListing } from '../ports/environment.ts';
import type { CliContext } from './cli-context.ts';
import {
  authorizationFlag,
  brokerFlag,
  configFlag,
  dataDirFlag,
  hostFlag,
  imageLayoutsFlag,
  isolationFlag,
  jsonFlag,
  logLevelFlag,
  maxEnvironmentsFlag,
  nearestRuntimeFlag,
  ociRuntimeFlag,
  pooledEnvironmentsFlag,
  portFlag,
  registryAuthFlag,
  runtimeFlag,
  serviceEndpointFlag,
  urlDomainFlag,
} from './settings/setting-flags.ts';
import type { SettingFlags, Settings } from './settings/settings.ts';
import { readSettings } from './settings/settings.ts';
import { columns } from './terminal/columns.ts';
import { printJson } from './terminal/json-output.ts';
import { paletteFor } from './terminal/palette.ts';
import { withProgress } from './terminal/progress-bar.ts';

interface StartFlags
  extends Omit<
    SettingFlags,
    'runtimes' | 'brokers' | 'urlDomains' | 'endpoints' | 'serviceEndpoint' | 'endpoint' | 'region'
  > {
  /** Other than the `--endpoint` of commands that talk to a server: where its services are. */
  readonly endpoint?: readonly string[];
  readonly json: boolean;
}

export const startCommand = buildCommand({
  docs: {
    brief: 'Serve until a signal ends it',
    fullDescription:
      'Serves until SIGTERM or Ctrl-C: then requests in flight are finished and the exit code is 0. A second ' +
      'signal ends the server at once.\n' +
      'Every flag can also be a variable, as named below, or a key of selfsame.json in the current folder ' +
      '(port, host, dataDir, isolation, ociRuntime, logLevel, authorization, nearestRuntime, pooledEnvironments, maxEnvironments, imageLayouts, registryAuth, runtimes, brokers, urlDomains, endpoints). A flag wins over ' +
      'the variable, the variable over the file.',
  },
  parameters: {
    flags: {
      port: portFlag,
      host: hostFlag,
      dataDir: dataDirFlag,
      isolation: isolationFlag,
      ociRuntime: ociRuntimeFlag,
      logLevel: logLevelFlag,
      authorization: authorizationFlag,
      nearestRuntime: nearestRuntimeFlag,
      pooledEnvironments: pooledEnvironmentsFlag,
      maxEnvironments: maxEnvironmentsFlag,
      imageLayouts: imageLayoutsFlag,
      registryAuth: registryAuthFlag,
      runtime: runtimeFlag,
      broker: brokerFlag,
      urlDomain: urlDomainFlag,
      endpoint: serviceEndpointFlag,
      config: configFlag,
      json: jsonFlag,
    },
  },
  async func(this: CliContext, { endpoint, ...flags }: StartFlags) {
    const settings = await readSettings(this, { ...flags, serviceEndpoint: endpoint });
    const interruption = this.interruption();
    boundNewSpace();
    const { start } = await import('../platform/start.ts');
    const platform = await withProgress(this, 'Starting', () => start(startOptions(settings)));
    try {
      if (!interruption.aborted) {
        printFacts(this, platform.facts, flags.json);
        printRuntimes(this, await platform.runtimes(), flags.json);
      }
      if (!interruption.aborted) await once(interruption, 'abort');
      this.process.stderr.write(
        'Finishing the requests in flight. Another signal ends the server at once.\n',
      );
    } finally {
      await platform.close();
    }
  },
});

function startOptions({ endpoint: _1, region: _2, ...options }: Settings): Settings {
  return options;
}

function printFacts(context: CliContext, facts: PlatformFacts, json: boolean): void {
  if (json) {
    printJson(context, facts);
    return;
  }
  const { strong, doubtful } = paletteFor(context.process.stdout, context.process.env);
  const level =
    facts.isolationProgram === undefined ? facts.isolation : `${facts.isolation} (${facts.isolationProgram})`;
  const isolation =
    facts.isolationWarning === undefined ? level : `${level}: ${doubtful(facts.isolationWarning)}`;
  context.process.stdout.write(
    `${strong(`selfsame ${facts.version}`)}\n${columns([
      ['  address', facts.origin],
      ['  data', facts.temporary ? `${facts.dataDirectory}, removed at the end` : facts.dataDirectory],
      ['  isolation', isolation],
      [
        '  authorization',
        facts.authorization
          ? 'on: every request is verified'
          : 'off: any credentials, only from this machine',
      ],
      ...Object.entries(facts.endpoints).map(([service, url]) => [`  ${service}`, `at ${url}`]),
      ['  clients', `export AWS_ENDPOINT_URL=${facts.origin} AWS_REGION=us-east-1`],
      [
        '',
        facts.rootCredentialsFile === undefined
          ? 'export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test'
          : `the key pair of the root user is in ${facts.rootCredentialsFile}`,
      ],
    ])}`,
  );
}

function printRuntimes(context: CliContext, listings: readonly RuntimeListing[], json: boolean): void {
  const named = (matches: (listing: RuntimeListing) => boolean): string[] =>
    listings.filter(matches).map(({ runtime }) => runtime);
  const here = named(({ resolution }) => resolution.available);
  const fetchable = named(({ fetchable }) => fetchable);
  if (json) {
    printJson(context, { runtimes: here, fetchableRuntimes: fetchable });
    return;
  }
  const later = fetchable.length === 0 ? '' : ` (fetched at first use: ${fetchable.join(', ')})`;
  context.process.stdout.write(`  runtimes       ${here.join(', ')}${later}\n`);
}

/** Flags that more than one command has. */
import { ISOLATION_LEVELS } from '../../platform/options.ts';
import { LOG_LEVELS } from '../../platform/server-log.ts';
import type { SettingName, Settings } from './setting-table.ts';
import { SETTINGS, variableOf } from './setting-table.ts';
import type { SettingValue } from './setting-values.ts';

interface SettingFlag<T> {
  readonly kind: 'parsed';
  readonly optional: true;
  readonly brief: string;
  readonly placeholder: string;
  parse(text: string): T;
}

function settingFlag<K extends SettingName>(
  name: K,
  placeholder: string,
  brief: string,
): SettingFlag<NonNullable<Settings[K]>> {
  const setting: SettingValue<unknown> = SETTINGS[name];
  return {
    kind: 'parsed',
    optional: true,
    brief: `${brief} (${variableOf(name)})`,
    placeholder,
    parse(text) {
      const value = setting.fromText(text);
      if (value === undefined) throw new SyntaxError(`expected ${setting.expected}`);
      return value as NonNullable<Settings[K]>;
    },
  };
}

export const textFlag = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', optional: true, parse: String, placeholder, brief }) as const;

export const jsonFlag = {
  kind: 'boolean',
  default: false,
  withNegated: false,
  brief: 'Print JSON, for programs',
} as const;

export const configFlag = textFlag('file', 'Configuration file instead of ./selfsame.json (SELFSAME_CONFIG)');

export const portFlag = settingFlag('port', 'number', 'Port to serve on, 0 for a free one; default 4566');
export const hostFlag = settingFlag(
  'host',
  'address',
  'Address to bind; default 127.0.0.1, together with ::1',
);
export const dataDirFlag = settingFlag(
  'dataDir',
  'path',
  'Where everything is kept, or "temporary"; default ~/.selfsame',
);
export const isolationFlag = {
  kind: 'enum',
  values: ISOLATION_LEVELS,
  optional: true,
  brief: `Demand a level; default is the best this host can hold (${variableOf('isolation')})`,
} as const;
export const ociRuntimeFlag = settingFlag(
  'ociRuntime',
  'name|path',
  "Program with runc's command line for --isolation oci; default the first that works of runc, crun, runsc, kata-runtime",
);
export const logLevelFlag = {
  kind: 'enum',
  values: LOG_LEVELS,
  optional: true,
  brief: `What of the server's own log to print; default info (${variableOf('logLevel')})`,
} as const;
export const authorizationFlag = {
  kind: 'boolean',
  optional: true,
  brief: `Verify the signature of every request and evaluate IAM policies (${variableOf('authorization')})`,
} as const;
export const nearestRuntimeFlag = {
  kind: 'boolean',
  optional: true,
  brief: `Let the nearest version stand in for an interpreter that cannot be had (${variableOf('nearestRuntime')})`,
} as const;
export const pooledEnvironmentsFlag = settingFlag(
  'pooledEnvironments',
  'number',
  'Generic environments kept started for short cold starts, 0 for none; default 4',
);
export const maxEnvironmentsFlag = settingFlag(
  'maxEnvironments',
  'number',
  'Environments at once, of all functions; default is as many as memory holds',
);
export const imageLayoutsFlag = settingFlag(
  'imageLayouts',
  'directory',
  'OCI layouts as images: oci-layout.localhost/NAME:TAG is the image TAG of the layout in its folder NAME',
);
export const registryAuthFlag = settingFlag(
  'registryAuth',
  'file',
  "Credentials of registries, as in Docker's config.json; default is that of the user who runs the server",
);
export const runtimeFlag = {
  kind: 'parsed',
  parse: String,
  optional: true,
  variadic: true,
  placeholder: 'name=path',
  brief: `Interpreter of a runtime, such as python3.12=/opt/python/bin/python3 (${variableOf('runtimes')})`,
} as const;
export const brokerFlag = {
  kind: 'parsed',
  parse: String,
  optional: true,
  variadic: true,
  placeholder: 'name=address',
  brief: `Broker or Kafka cluster of event sources by its name or ARN, such as orders=amqp://127.0.0.1:5672, amqp+activemq://… or host:port,… (${variableOf('brokers')})`,
} as const;
export const urlDomainFlag = {
  kind: 'parsed',
  parse: String,
  optional: true,
  variadic: true,
  placeholder: 'domain=function',
  brief: `Host name that leads to a function URL, such as api.example.test=orders:live (${variableOf('urlDomains')})`,
} as const;
export const serviceEndpointFlag = {
  kind: 'parsed',
  parse: String,
  optional: true,
  variadic: true,
  placeholder: 'service=url',
  brief: `Service that is elsewhere, such as sqs=https://sqs.eu-west-1.amazonaws.com; calls are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else test (${variableOf('endpoints')})`,
} as const;
export const endpointFlag = settingFlag(
  'endpoint',
  'url',
  'Server to talk to; default http://127.0.0.1 with the port that is set',
);
export const regionFlag = settingFlag('region', 'name', 'AWS region; default AWS_REGION, or us-east-1');

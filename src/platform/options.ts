import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { BrokerAddresses } from '../core/broker-address.ts';
import { BROKER_ADDRESS_FORMS, parseBrokerAddress } from '../core/broker-address.ts';
import { PlatformError } from '../core/errors.ts';
import { runtimeIdentifier } from '../core/runtimes.ts';
import type { UrlTarget } from '../lambda/urls/url-hosts.ts';
import type { IsolationLevel } from '../ports/environment.ts';
import { requireSafeBinding } from '../wire/server/address.ts';
import type { LogLevel } from './server-log.ts';
import { LOG_LEVELS } from './server-log.ts';
import type { ServiceEndpoints } from './service-endpoints.ts';
import { resolveServiceEndpoints } from './service-endpoints.ts';
import type { UrlDomains } from './url-domains.ts';
import { URL_DOMAIN_FORM, urlTarget, urlTargets } from './url-domains.ts';

/** The port that tools for local AWS endpoints expect. */
export const DEFAULT_PORT = 4566;
export const DEFAULT_HOST = '127.0.0.1';

/** Environments that wait, started, for a function to need one. Each takes about 40 MB. */
export const DEFAULT_POOLED_ENVIRONMENTS = 4;

/** Each holds memory and processes of the host. */
export const MAX_POOLED_ENVIRONMENTS = 1_000;

/** What `start` takes; everything has a default. */
export interface StartOptions {
  /** 0 takes a free port. Default 4566. */
  readonly port?: number;
  /** Default `127.0.0.1`, together with `::1`. Another address needs `authorization`. */
  readonly host?: string;
  /** A path, or `temporary` for a directory that vanishes at the end. Default `~/.selfsame`. */
  readonly dataDir?: string;
  /** Demands a level and fails if the host cannot hold it. Default: `namespaces` where it can, else `process`. */
  readonly isolation?: IsolationLevel;
  /** Name or path of a program with runc's command line for `isolation: 'oci'`. Default: the first on PATH that works. */
  readonly ociRuntime?: string;
  readonly logLevel?: LogLevel;
  /** Verify the signature of every request and hold it against the policies of IAM. Default off, possible only on loopback. */
  readonly authorization?: boolean;
  /** Absolute paths of interpreters by runtime name, for example `{"python3.12": "/opt/python/bin/python3"}`. */
  readonly runtimes?: Readonly<Record<string, string>>;
  /** Let the nearest version of an interpreter stand in for one that cannot be had. Default false. */
  readonly nearestRuntime?: boolean;
  /** Fetch what a runtime needs and this host lacks: Node.js with npm, boto3 with pip. Default true. */
  readonly fetchRuntimes?: boolean;
  /** Generic environments kept started so that cold starts are short; 0 for none. Default 4. */
  readonly pooledEnvironments?: number;
  /** Environments at once, of all functions; idle ones give way to those that are needed. Default: as many as memory holds. */
  readonly maxEnvironments?: number;
  /** Directory of OCI layouts: `oci-layout.localhost/NAME:TAG` is the image TAG of the layout in its folder NAME. Default none. */
  readonly imageLayouts?: string;
  /** File with `auths` for registries, in the form of Docker's `config.json`. Default: that of the user who runs the server. */
  readonly registryAuth?: string;
  /** Addresses of brokers and Kafka clusters that event source mappings read, by name or ARN: `{"orders": "amqp://127.0.0.1:5672"}`. */
  readonly brokers?: BrokerAddresses;
  /** Services that are elsewhere, by name, with the addresses of their APIs: `{"sqs": "https://sqs.eu-west-1.amazonaws.com"}`. */
  readonly endpoints?: ServiceEndpoints;
  /** Host names of one's own for function URLs: `{"api.example.test": "orders:live"}`; a function's name or ARN, or the id of a URL. */
  readonly urlDomains?: UrlDomains;
  /** Service time moves by `platform.clock.advance` alone, so that a test sees nothing fall due by itself. Default false. */
  readonly frozenClock?: boolean;
}

export interface ResolvedOptions {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly isolation: IsolationLevel | undefined;
  readonly ociRuntime: string | undefined;
  readonly logLevel: LogLevel;
  readonly authorization: boolean;
  readonly runtimes: Readonly<Record<string, string>>;
  readonly nearestRuntime: boolean;
  readonly fetchRuntimes: boolean;
  /** Undefined where nobody has said, and the level decides. */
  readonly pooledEnvironments: number | undefined;
  readonly maxEnvironments: number | undefined;
  readonly imageLayouts: string | undefined;
  readonly registryAuth: string | undefined;
  readonly brokers: BrokerAddresses;
  readonly endpoints: ServiceEndpoints;
  /** By names in lower case. */
  readonly urlDomains: ReadonlyMap<string, UrlTarget>;
  readonly frozenClock: boolean;
}

export const ISOLATION_LEVELS: readonly IsolationLevel[] = ['process', 'namespaces', 'oci'];

/** Fills in defaults and refuses values that mean nothing, naming each. */
export function resolveOptions(options: StartOptions): ResolvedOptions {
  const port = options.port ?? DEFAULT_PORT;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new PlatformError(
      `The port ${port} is not a whole number from 0 to 65535.`,
      'Choose another --port.',
    );
  }
  const { isolation, runtimes = {}, brokers = {}, urlDomains = {} } = options;
  if (isolation !== undefined && !ISOLATION_LEVELS.includes(isolation)) {
    throw new PlatformError(
      `The isolation level '${isolation}' is unknown.`,
      `Choose one of ${ISOLATION_LEVELS.join(', ')}.`,
    );
  }
  const logLevel = options.logLevel ?? 'info';
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new PlatformError(
      `The log level '${logLevel}' is unknown.`,
      `Choose one of ${LOG_LEVELS.join(', ')}.`,
    );
  }
  for (const [name, path] of Object.entries(runtimes)) requireInterpreter(name, path);
  for (const [name, address] of Object.entries(brokers)) requireBrokerAddress(name, address);
  for (const [domain, target] of Object.entries(urlDomains)) requireUrlDomain(domain, target);
  const endpoints = resolveServiceEndpoints(options.endpoints ?? {}, port);
  const host = options.host ?? DEFAULT_HOST;
  if (host === '') throw new PlatformError("The host '' is empty.", `Leave it out for ${DEFAULT_HOST}.`);
  const dataDir = options.dataDir ?? join(homedir(), '.selfsame');
  if (dataDir === '') {
    throw new PlatformError(
      "The data directory '' is empty.",
      'Give a path, or `temporary` for none that stays.',
    );
  }
  const { pooledEnvironments } = options;
  if (pooledEnvironments !== undefined && !isPoolSize(pooledEnvironments)) {
    throw new PlatformError(
      `The number of pooled environments, ${pooledEnvironments}, is not a whole number from 0 to ${MAX_POOLED_ENVIRONMENTS}.`,
      'Choose another --pooled-environments.',
    );
  }
  const { maxEnvironments } = options;
  if (maxEnvironments !== undefined && !(Number.isInteger(maxEnvironments) && maxEnvironments >= 1)) {
    throw new PlatformError(
      `The number of environments at once, ${maxEnvironments}, is not a whole number from 1 on.`,
      'Choose another --max-environments, or leave it out.',
    );
  }
  const authorization = options.authorization ?? false;
  // Before anything is opened, though the server would refuse it too.
  requireSafeBinding(host, authorization);
  return {
    port,
    host,
    dataDir,
    isolation,
    ociRuntime: options.ociRuntime,
    logLevel,
    authorization,
    runtimes,
    nearestRuntime: options.nearestRuntime ?? false,
    fetchRuntimes: options.fetchRuntimes ?? true,
    imageLayouts: options.imageLayouts,
    registryAuth: options.registryAuth,
    brokers,
    endpoints,
    urlDomains: urlTargets(urlDomains),
    pooledEnvironments,
    maxEnvironments,
    frozenClock: options.frozenClock ?? false,
  };
}

function isPoolSize(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= MAX_POOLED_ENVIRONMENTS;
}

function requireInterpreter(name: string, path: string): void {
  if (runtimeIdentifier(name) === undefined) {
    throw new PlatformError(
      `The runtime '${name}' is none of AWS's, so no interpreter can be configured for it.`,
      'Name it as AWS does, for example nodejs24.x or python3.13.',
    );
  }
  if (!isAbsolute(path)) {
    throw new PlatformError(
      `The interpreter '${path}' configured for ${name} is not an absolute path.`,
      'Give the path from the root, for example /usr/bin/python3.13.',
    );
  }
}

function requireBrokerAddress(name: string, address: string): void {
  if (parseBrokerAddress(address) !== undefined) return;
  throw new PlatformError(
    `The address '${address}' of the broker ${name} is none that can be read.`,
    `Write ${BROKER_ADDRESS_FORMS}.`,
  );
}

function requireUrlDomain(domain: string, target: string): void {
  if (urlTarget(domain, target) !== undefined) return;
  throw new PlatformError(
    `The domain ${domain} cannot lead to the function URL '${target}'.`,
    `Write ${URL_DOMAIN_FORM}; names of this machine itself, such as localhost, are the server's.`,
  );
}

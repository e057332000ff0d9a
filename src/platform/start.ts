/** Composes the whole: storage, services, sandbox, Lambda and the wire, in the order they stand on each other. */
import { Faults } from '../lambda/invoke/faults.ts';
import { faultySandbox } from '../lambda/invoke/faulty-sandbox.ts';
import type { IsolationLevel, RuntimeListing } from '../ports/environment.ts';
import type { Log } from '../ports/log.ts';
import type { Service } from '../ports/service.ts';
import type { StateStore } from '../ports/state-store.ts';
import { openAutoScaling } from '../services/application-autoscaling/application-autoscaling.ts';
import { openEcr } from '../services/ecr/ecr.ts';
import { openKms } from '../services/kms/kms.ts';
import { openSecretsManager } from '../services/secretsmanager/secretsmanager.ts';
import { openServiceModel } from '../wire/model/open.ts';
import { isLoopback } from '../wire/routing/host-name.ts';
import { DEFAULT_ACCOUNT_ID, DEFAULT_REGION } from '../wire/routing/router.ts';
import { createWireServer } from '../wire/server/wire-server.ts';
import { openAccess } from './access.ts';
import { adminEndpoints } from './admin-endpoints.ts';
import { Cleanup } from './cleanup.ts';
import { openEventServices } from './event-services.ts';
import { openExecution } from './execution.ts';
import { chooseIsolation } from './isolation.ts';
import { kmsRootKey } from './kms-root-key.ts';
import { openLambda } from './lambda.ts';
import type { ResolvedOptions, StartOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { randomIds } from './random-ids.ts';
import { metricsTo, RecordedMetrics } from './recorded-metrics.ts';
import { endpointCredentials, RemoteServices } from './remote-services.ts';
import { rootCredentials } from './root-credentials.ts';
import { createSeams } from './seams.ts';
import { createServerLog } from './server-log.ts';
import { ServiceClock } from './service-clock.ts';
import type { ServiceEndpoints } from './service-endpoints.ts';
import { sessionKey } from './session-key.ts';
import { openStorage } from './storage.ts';
import { version } from './version.ts';

export interface PlatformFacts {
  readonly version: string;
  readonly origin: string;
  readonly dataDirectory: string;
  readonly temporary: boolean;
  readonly isolation: IsolationLevel;
  /** The program that isolates, where the level leaves a choice: `runc 1.1.5`. */
  readonly isolationProgram: string | undefined;
  /** Why the level is not the default one, where it is not. */
  readonly isolationWarning: string | undefined;
  readonly authorization: boolean;
  /** Services that are elsewhere, with the addresses of their APIs. */
  readonly endpoints: ServiceEndpoints;
  /** The file with the key pair of the root user, where it is not the well-known one of loopback. */
  readonly rootCredentialsFile: string | undefined;
}

export interface Platform {
  /** `http://127.0.0.1:<port>`: what an AWS client takes as its endpoint. */
  readonly origin: string;
  readonly facts: PlatformFacts;
  readonly clock: ServiceClock;
  /** Faults injected by rule. */
  readonly faults: Faults;
  /** What this host can run, without fetching anything. */
  runtimes(): Promise<RuntimeListing[]>;
  /** Operation names each service implements, by service. */
  operations(): Record<string, string[]>;
  /** Lets requests in flight finish, then stops every process and closes every file. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const CLOCK_TABLE = 'platform';
const CLOCK_KEY = 'clock';

/** Starts a server and resolves when it answers. Rejects with `PlatformError` when it cannot. */
export async function start(options: StartOptions = {}): Promise<Platform> {
  const cleanup = new Cleanup();
  try {
    return await compose(resolveOptions(options), cleanup);
  } catch (error) {
    // Whoever starts it hears why it cannot be, not what that has led to.
    await cleanup.run().catch(() => {});
    throw error;
  }
}

async function compose(options: ResolvedOptions, cleanup: Cleanup): Promise<Platform> {
  const log = createServerLog(options.logLevel);
  const isolation = await chooseIsolation(options.isolation, options.ociRuntime);
  if (isolation.warning !== undefined) log.warn({ isolation: isolation.level }, isolation.warning);

  const storage = await openStorage(options.dataDir, log, cleanup);
  const { data, state } = storage;
  const clock = await openClock(state, log, options.frozenClock);
  cleanup.add(async () => clock.close());

  let bound = '';
  const origin = (): string => bound;
  const ids = randomIds;
  const seams = createSeams(ids, origin);
  const root = await rootCredentials(isLoopback(options.host), data.path, ids);
  const access = await openAccess({
    state,
    clock,
    ids,
    root,
    sessionKey: await sessionKey(data.path, ids),
    isEnforced: options.authorization,
    services: () => services,
    call: seams.call,
    ciphertextKeyArn: (ciphertext) => kms.ciphertextKeyArn(ciphertext),
  });
  const metrics = new RecordedMetrics();
  const remote = new RemoteServices({
    endpoints: options.endpoints,
    credentials: endpointCredentials(process.env),
    clock,
    realNowMs: Date.now,
    ids,
  });
  cleanup.add(async () => remote.close());
  const eventServices = await openEventServices(
    { storage, seams, access, remote, metrics, clock, ids, log, origin },
    cleanup,
  );
  const kms = await cleanup.opening(
    openKms({ state, clock, ids, rootKey: await kmsRootKey(data.path, ids) }),
  );
  // Stored functions are read with its keys.
  seams.connect([kms.service]);
  const ecr = await cleanup.opening(
    openEcr({
      state,
      blobs: storage.registryBlobs,
      clock,
      ids,
      authorization: options.authorization,
      defaultRegistry: { accountId: DEFAULT_ACCOUNT_ID, region: DEFAULT_REGION },
    }),
  );
  const execution = await openExecution({ options, isolation, data, ecr, log, origin }, cleanup);
  const { images, catalog, sandbox } = execution;
  const autoScaling = await cleanup.opening(openAutoScaling({ state, clock, ids, log, call: seams.call }));
  const secrets = await cleanup.opening(openSecretsManager({ state, clock, ids, log, call: seams.call }));
  const faults = new Faults(() => Math.floor(ids.random() * 2 ** 32));
  const lambda = await openLambda(
    {
      ...seams,
      ...storage,
      ...eventServices,
      images,
      catalog,
      sandbox: faultySandbox(sandbox, faults),
      brokers: options.brokers,
      access,
      isAuthorizationEnforced: options.authorization,
      maxEnvironments: options.maxEnvironments,
      urlDomains: options.urlDomains,
      endpoint: origin,
      metrics,
      concurrencyMetrics: metricsTo(metrics, autoScaling.metrics),
      faults,
      clock,
      ids,
      log,
    },
    cleanup,
  );
  const services: Service[] = [
    lambda.service,
    ecr.service,
    kms.service,
    secrets.service,
    autoScaling.service,
    ...access.services,
    ...eventServices.services,
  ];
  seams.connect(services);

  const server = createWireServer({
    services,
    endpoints: adminEndpoints({
      clock,
      faults,
      metrics,
      facts: () => ({
        version: version(),
        isolation: isolation.level,
        environments: lambda.environmentCount(),
        pooledEnvironments: sandbox.pooledEnvironments ?? 0,
      }),
    }),
    openServiceModel,
    identify: access.identify,
    authorization: access.authorization,
    ownNames: [...options.urlDomains.keys()],
    ids,
    clock,
    log,
  });
  cleanup.add(() => server.close());
  // What asynchronous events run may still call the server.
  cleanup.add(() => lambda.closeEvents());
  eventServices.closeBeforeServer();
  // Requests that wait for a registry would hold up the server's end.
  cleanup.add(async () => images.interrupt());
  bound = originOf(await server.listen({ host: options.host, port: options.port }));
  await lambda.begin();
  await eventServices.resume();
  secrets.begin();
  autoScaling.begin();

  const close = (): Promise<void> => cleanup.run();
  return {
    origin: bound,
    facts: {
      version: version(),
      origin: bound,
      dataDirectory: data.path,
      temporary: data.temporary,
      isolation: isolation.level,
      isolationProgram: isolation.program,
      isolationWarning: isolation.warning,
      authorization: options.authorization,
      endpoints: options.endpoints,
      rootCredentialsFile: root.file,
    },
    clock,
    faults,
    runtimes: () => catalog.list(),
    operations: () =>
      Object.fromEntries(services.map(({ name, operations }) => [name, Object.keys(operations).sort()])),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How this machine's own processes reach the server; one bound to all addresses is on loopback too. */
function originOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

async function openClock(state: StateStore, log: Log, frozen: boolean): Promise<ServiceClock> {
  const stored = await state.get<{ offsetMs: number }>(CLOCK_TABLE, CLOCK_KEY);
  return new ServiceClock({
    offsetMs: stored?.value.offsetMs ?? 0,
    frozen,
    saveOffset: async (offsetMs) => {
      await state.commit([{ table: CLOCK_TABLE, key: CLOCK_KEY, value: { offsetMs } }]);
    },
    onTaskError: (error) => log.error({ error: String(error) }, 'A scheduled task failed.'),
  });
}

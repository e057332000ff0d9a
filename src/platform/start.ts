/** Composes the whole: storage, services, sandbox, Lambda and the wire, in the order they stand on each other. */
import { Faults } from '../lambda/invoke/faults.ts';
import { faultySandbox } from '../lambda/invoke/faulty-sandbox.ts';
import type { IsolationLevel, RuntimeListing } from '../ports/environment.ts';
import type { Log } from '../ports/log.ts';
import type { Service } from '../ports/service.ts';
import type { StateStore } from '../ports/state-store.ts';
import { openRuntimeCatalog } from '../sandbox/catalog/runtime-catalog.ts';
import { createSandbox } from '../sandbox/sandboxes.ts';
import { openAutoScaling } from '../services/application-autoscaling/application-autoscaling.ts';
import { openDynamo } from '../services/dynamodb/dynamodb.ts';
import { openEcr } from '../services/ecr/ecr.ts';
import { openEvents } from '../services/events/events.ts';
import { openFirehose } from '../services/firehose/firehose.ts';
import { openKinesis } from '../services/kinesis/kinesis.ts';
import { openKms } from '../services/kms/kms.ts';
import { openLogs } from '../services/logs/logs.ts';
import { openPipes } from '../services/pipes/pipes.ts';
import { openS3 } from '../services/s3/s3.ts';
import { openScheduler } from '../services/scheduler/scheduler.ts';
import { openSns } from '../services/sns/sns.ts';
import { openSqs } from '../services/sqs/sqs.ts';
import { queuesOf } from '../storage/event-queue/queue-views.ts';
import { dockerConfigFile, openDockerConfig } from '../storage/images/docker-config.ts';
import { openImageStore } from '../storage/images/image-store.ts';
import { hostBootId } from '../storage/packages/boot-id.ts';
import { openServiceModel } from '../wire/model/open.ts';
import { isLoopback } from '../wire/routing/host-name.ts';
import { DEFAULT_ACCOUNT_ID, DEFAULT_REGION } from '../wire/routing/router.ts';
import { createWireServer } from '../wire/server/wire-server.ts';
import { openAccess } from './access.ts';
import { adminEndpoints } from './admin-endpoints.ts';
import { Cleanup } from './cleanup.ts';
import { eventsSeal } from './events-seal.ts';
import { chooseIsolation } from './isolation.ts';
import { kmsRootKey } from './kms-root-key.ts';
import { openLambda } from './lambda.ts';
import type { ResolvedOptions, StartOptions } from './options.ts';
import { DEFAULT_POOLED_ENVIRONMENTS, resolveOptions } from './options.ts';
import { randomIds } from './random-ids.ts';
import { metricsTo, RecordedMetrics } from './recorded-metrics.ts';
import { roleCalls, roleRequirement } from './role-calls.ts';
import { rootCredentials } from './root-credentials.ts';
import { createSeams } from './seams.ts';
import { createServerLog } from './server-log.ts';
import { ServiceClock } from './service-clock.ts';
import { sessionKey } from './session-key.ts';
import { snsSigningKeyFile } from './sns-signing-key.ts';
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
  const { data, state, eventQueue, blobs, packages } = storage;
  const clock = await openClock(state, log, options.frozenClock);
  cleanup.add(async () => clock.close());

  let origin = '';
  const ids = randomIds;
  const seams = createSeams(ids, () => origin);
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
  const requireOfRole = roleRequirement(access.permissions);
  const logs = await cleanup.opening(openLogs({ ...storage, ...seams, requireOfRole, clock, ids, log }));
  const sqs = await cleanup.opening(openSqs({ ...storage, clock, ids, senderIdOf: access.senderIdOf }));
  const kinesis = await cleanup.opening(openKinesis({ ...storage, metrics, call: seams.call, clock, ids }));
  const firehose = await openFirehose({
    state,
    queue: queuesOf('firehose', eventQueue),
    source: kinesis.streamSource,
    call: seams.call,
    requireOfRole,
    clock,
    ids,
    log,
  });
  const sns = await openSns({
    state,
    queue: queuesOf('sns', eventQueue),
    signingKeyFile: snsSigningKeyFile(data.path),
    clock,
    ids,
    log,
    deliver: seams.deliver,
    origin: () => origin,
  });
  const s3 = await cleanup.opening(
    openS3({ ...storage, ...seams, clock, ids, log, admitForm: access.admitForm }),
  );
  const dynamo = await cleanup.opening(openDynamo({ ...storage, clock, ids, log }));
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
  const registryCredentials = await openDockerConfig({
    file: options.registryAuth ?? dockerConfigFile(),
    isDemanded: options.registryAuth !== undefined,
    log,
  });
  const images = await cleanup.opening(
    openImageStore({
      directory: data.images,
      accessTo: (registry) =>
        ecr.isRegistry(registry) || `http://${registry}` === origin
          ? { origin, credentials: async () => ecr.ownCredentials }
          : { credentials: () => registryCredentials(registry) },
      layouts: options.imageLayouts,
      bootId: hostBootId,
    }),
  );
  const catalog = openRuntimeCatalog({
    runtimesDirectory: data.runtimes,
    configured: options.runtimes,
    nearestRuntime: options.nearestRuntime,
    fetchRuntimes: options.fetchRuntimes,
    log,
  });
  const sandbox = await cleanup.opening(
    createSandbox(isolation.level, {
      environmentsDirectory: data.environments,
      runtimesDirectory: data.runtimes,
      pooledEnvironments: options.pooledEnvironments ?? DEFAULT_POOLED_ENVIRONMENTS,
      ociRuntime: options.ociRuntime,
      log,
    }),
  );
  if ((options.pooledEnvironments ?? 0) > 0 && sandbox.pooledEnvironments === undefined) {
    log.warn(
      { pooledEnvironments: options.pooledEnvironments },
      `At the isolation level '${isolation.level}' no environments are started ahead.`,
    );
  }
  const autoScaling = await cleanup.opening(openAutoScaling({ state, clock, ids, log, call: seams.call }));
  const faults = new Faults(() => Math.floor(ids.random() * 2 ** 32));
  const sources = {
    eventSources: new Map([['sqs', sqs.eventSource]]),
    streamSources: new Map([
      ['kinesis', kinesis.streamSource],
      ['dynamodb', dynamo.streamSource],
    ]),
  };
  const lambda = await openLambda(
    {
      ...seams,
      state,
      eventQueue,
      blobs,
      packages,
      images,
      catalog,
      sandbox: faultySandbox(sandbox, faults),
      logSink: logs.sink,
      ...sources,
      access,
      isAuthorizationEnforced: options.authorization,
      maxEnvironments: options.maxEnvironments,
      endpoint: () => origin,
      metrics,
      concurrencyMetrics: metricsTo(metrics, autoScaling.metrics),
      faults,
      clock,
      ids,
      log,
    },
    cleanup,
  );
  const callAs = roleCalls({ call: seams.call, openServiceModel, permissions: access.permissions });
  const events = await openEvents({
    state,
    queue: queuesOf('events', eventQueue),
    archived: queuesOf('archives', eventQueue),
    sealKey: await eventsSeal(data.path, ids),
    clock,
    ids,
    log,
    deliver: seams.deliver,
  });
  const scheduler = await openScheduler({ ...seams, state, clock, ids, log, callAs });
  const pipes = await openPipes({ ...sources, state, clock, log, callAs, requireOfRole });
  const services: Service[] = [
    lambda.service,
    logs.service,
    ecr.service,
    kms.service,
    autoScaling.service,
    events.service,
    scheduler.service,
    pipes.service,
    ...access.services,
    sqs.service,
    kinesis.service,
    firehose.service,
    sns.service,
    s3.service,
    ...dynamo.services,
  ];
  seams.connect(services);

  const facts = (): PlatformFacts => ({
    version: version(),
    origin,
    dataDirectory: data.path,
    temporary: data.temporary,
    isolation: isolation.level,
    isolationProgram: isolation.program,
    isolationWarning: isolation.warning,
    authorization: options.authorization,
    rootCredentialsFile: root.file,
  });
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
    ids,
    clock,
    log,
  });
  cleanup.add(() => server.close());
  // What asynchronous events run may still call the server.
  cleanup.add(() => lambda.closeEvents());
  cleanup.add(() => events.close());
  cleanup.add(() => scheduler.close());
  cleanup.add(async () => pipes.close());
  cleanup.add(() => firehose.close());
  cleanup.add(() => sns.close());
  cleanup.add(() => logs.closeSubscriptions());
  cleanup.add(async () => logs.endLiveTails());
  cleanup.add(async () => sqs.endPolls());
  cleanup.add(async () => kinesis.endSubscriptions());
  // Requests that wait for a registry would hold up the server's end.
  cleanup.add(async () => images.interrupt());
  const bound = await server.listen({ host: options.host, port: options.port });
  origin = originOf(bound);
  await lambda.begin();
  await firehose.resume();
  await sns.resume();
  await events.resume();
  logs.resume();
  autoScaling.begin();
  scheduler.begin();
  await pipes.resume();
  s3.begin();
  dynamo.begin();

  const close = (): Promise<void> => cleanup.run();
  return {
    origin,
    facts: facts(),
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

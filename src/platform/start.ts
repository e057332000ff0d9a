/** Composes the whole: storage, sandbox, services and the wire, in the order they stand on each other. */
import { openFunctionControl } from '../lambda/control/function-control.ts';
import { DurableExecutions } from '../lambda/durable/durable-executions.ts';
import { DurableInvocation } from '../lambda/durable/durable-invocation.ts';
import { durableOperations } from '../lambda/durable/durable-operations.ts';
import { openEvents } from '../lambda/events/open-events.ts';
import { Concurrency } from '../lambda/invoke/concurrency.ts';
import { ConcurrencyMetrics } from '../lambda/invoke/concurrency-metrics.ts';
import { Faults } from '../lambda/invoke/faults.ts';
import { faultySandbox } from '../lambda/invoke/faulty-sandbox.ts';
import { Invoker } from '../lambda/invoke/invoke.ts';
import { ManagedInstances } from '../lambda/invoke/managed-instances.ts';
import { Placement } from '../lambda/invoke/placement.ts';
import { ProvisionedConcurrency } from '../lambda/invoke/provisioned-concurrency.ts';
import { INTERRUPTED } from '../lambda/invoke/version-snapshot.ts';
import { openMappings } from '../lambda/mappings/open-mappings.ts';
import { EnvironmentCipher } from '../lambda/records/environment-cipher.ts';
import { lambdaService } from '../lambda/service.ts';
import { FunctionUrls } from '../lambda/urls/function-urls.ts';
import { UrlAccess } from '../lambda/urls/url-access.ts';
import type { IsolationLevel, RuntimeListing } from '../ports/environment.ts';
import type { Log } from '../ports/log.ts';
import type { Service } from '../ports/service.ts';
import type { StateStore } from '../ports/state-store.ts';
import { openRuntimeCatalog } from '../sandbox/catalog/runtime-catalog.ts';
import { readHierarchies } from '../sandbox/cgroup/hierarchies.ts';
import { hostMemory } from '../sandbox/cgroup/host-memory.ts';
import { createSandbox } from '../sandbox/sandboxes.ts';
import { openAutoScaling } from '../services/application-autoscaling/application-autoscaling.ts';
import { openEcr } from '../services/ecr/ecr.ts';
import { openKms } from '../services/kms/kms.ts';
import { openLogs } from '../services/logs/logs.ts';
import { openS3 } from '../services/s3/s3.ts';
import { openSns } from '../services/sns/sns.ts';
import { openSqs } from '../services/sqs/sqs.ts';
import { openDataDirectory, openTemporaryDataDirectory } from '../storage/data-directory.ts';
import { openSqliteEventQueue } from '../storage/event-queue/event-queue.ts';
import { queuesOf, queuesWithoutOwner } from '../storage/event-queue/queue-views.ts';
import { openFileBlobStore } from '../storage/files/blob-store.ts';
import { dockerConfigFile, openDockerConfig } from '../storage/images/docker-config.ts';
import { openImageStore } from '../storage/images/image-store.ts';
import { openSqliteMessageStore } from '../storage/messages/message-store.ts';
import { openFileContentStore } from '../storage/objects/content-files.ts';
import { openSqliteObjectTable } from '../storage/objects/object-table.ts';
import { hostBootId } from '../storage/packages/boot-id.ts';
import { openPackageStore } from '../storage/packages/package-store.ts';
import { openSqliteStateStore } from '../storage/sqlite/state-store.ts';
import { openSqliteStreamLog } from '../storage/stream-log/stream-log.ts';
import { openServiceModel } from '../wire/model/open.ts';
import { isLoopback } from '../wire/routing/host-name.ts';
import { DEFAULT_ACCOUNT_ID, DEFAULT_REGION } from '../wire/routing/router.ts';
import { createWireServer } from '../wire/server/wire-server.ts';
import { openAccess } from './access.ts';
import { adminEndpoints } from './admin-endpoints.ts';
import { Cleanup } from './cleanup.ts';
import { chooseIsolation } from './isolation.ts';
import { kmsRootKey } from './kms-root-key.ts';
import type { ResolvedOptions, StartOptions } from './options.ts';
import { DEFAULT_POOLED_ENVIRONMENTS, resolveOptions } from './options.ts';
import { randomIds } from './random-ids.ts';
import { metricsTo, RecordedMetrics } from './recorded-metrics.ts';
import { rootCredentials } from './root-credentials.ts';
import { createSeams } from './seams.ts';
import { createServerLog } from './server-log.ts';
import { ServiceClock } from './service-clock.ts';
import { sessionKey } from './session-key.ts';
import { snsSigningKeyFile } from './sns-signing-key.ts';
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
    await cleanup.run();
    throw error;
  }
}

async function compose(options: ResolvedOptions, cleanup: Cleanup): Promise<Platform> {
  const log = createServerLog(options.logLevel);
  const isolation = await chooseIsolation(options.isolation, options.ociRuntime);
  if (isolation.warning !== undefined) log.warn({ isolation: isolation.level }, isolation.warning);

  const isTemporary = options.dataDir === 'temporary';
  const data = isTemporary ? await openTemporaryDataDirectory() : await openDataDirectory(options.dataDir);
  cleanup.add(() => data.close());
  const fatal = (error: Error): never => stopAtOnce(log, error);
  const [state, streamLog, eventQueue, blobs] = await Promise.all([
    openSqliteStateStore({ file: data.records, log, onFatal: fatal }),
    openSqliteStreamLog({ file: data.logs, log, onFatal: fatal }),
    openSqliteEventQueue({ file: data.events, log, onFatal: fatal }),
    openFileBlobStore({ directory: data.blobs }),
  ]);
  cleanup.add(() => state.close());
  cleanup.add(() => streamLog.close());
  cleanup.add(() => eventQueue.close());
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
  const logs = await openLogs({ state, streamLog, clock, ids, log });
  cleanup.add(() => logs.close());
  const messages = await openSqliteMessageStore({ file: data.messages, log, onFatal: fatal });
  cleanup.add(() => messages.close());
  const sqs = await openSqs({
    state,
    messages,
    clock,
    ids,
    senderIdOf: access.senderIdOf,
  });
  cleanup.add(async () => sqs.close());
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
  const objects = await openSqliteObjectTable({ file: data.objects, log, onFatal: fatal });
  cleanup.add(() => objects.close());
  const s3 = await openS3({
    objects,
    contents: await openFileContentStore({ directory: data.contents }),
    clock,
    ids,
    log,
    deliver: seams.deliver,
    call: seams.call,
  });
  cleanup.add(() => s3.close());
  const kms = await openKms({ state, clock, ids, rootKey: await kmsRootKey(data.path, ids) });
  cleanup.add(async () => kms.close());
  // Stored functions are read with its keys.
  seams.connect([kms.service]);
  const packages = await openPackageStore({ directory: data.packages, blobs });
  cleanup.add(() => packages.close());
  const ecr = await openEcr({
    state,
    blobs: await openFileBlobStore({ directory: data.registry }),
    clock,
    ids,
    authorization: options.authorization,
    defaultRegistry: { accountId: DEFAULT_ACCOUNT_ID, region: DEFAULT_REGION },
  });
  cleanup.add(() => ecr.close());
  const registryCredentials = await openDockerConfig({
    file: options.registryAuth ?? dockerConfigFile(),
    isDemanded: options.registryAuth !== undefined,
    log,
  });
  const images = await openImageStore({
    directory: data.images,
    accessTo: (registry) =>
      ecr.isRegistry(registry) || `http://${registry}` === origin
        ? { origin, credentials: async () => ecr.ownCredentials }
        : { credentials: () => registryCredentials(registry) },
    layouts: options.imageLayouts,
    bootId: hostBootId,
  });
  cleanup.add(() => images.close());
  const catalog = openRuntimeCatalog({
    runtimesDirectory: data.runtimes,
    configured: options.runtimes,
    nearestRuntime: options.nearestRuntime,
    fetchRuntimes: options.fetchRuntimes,
    log,
  });
  const sandbox = await createSandbox(isolation.level, {
    environmentsDirectory: data.environments,
    runtimesDirectory: data.runtimes,
    pooledEnvironments: options.pooledEnvironments ?? DEFAULT_POOLED_ENVIRONMENTS,
    ociRuntime: options.ociRuntime,
    log,
  });
  cleanup.add(() => sandbox.close());
  if ((options.pooledEnvironments ?? 0) > 0 && sandbox.pooledEnvironments === undefined) {
    log.warn(
      { pooledEnvironments: options.pooledEnvironments },
      `At the isolation level '${isolation.level}' no environments are started ahead.`,
    );
  }
  // What is not finished is taken up before the data plane and its address are there.
  const serving = Promise.withResolvers<Placement | undefined>();
  const control = await openFunctionControl({
    state,
    environmentCipher: new EnvironmentCipher(seams.call),
    call: seams.call,
    takeSnapshot: async (record) => {
      const placed = await serving.promise;
      return placed === undefined ? INTERRUPTED : placed.takeSnapshot(record);
    },
    startManaged: async (record) =>
      (await serving.promise) === undefined ? INTERRUPTED : managed.start(record),
    provisionedStatus: (name, qualifier) => provisioned.status(name, qualifier),
    blobs,
    packages,
    images,
    catalog,
    clock,
    ids,
    log,
  });
  cleanup.add(() => control.close());
  cleanup.add(async () => serving.resolve(undefined));

  const { aliases, directory } = control;
  const metrics = new RecordedMetrics();
  const autoScaling = await openAutoScaling({ state, clock, ids, log, call: seams.call });
  cleanup.add(async () => autoScaling.close());
  const concurrencyMetrics = new ConcurrencyMetrics(metricsTo(metrics, autoScaling.metrics));
  const concurrency = new Concurrency(clock, control.concurrency, directory, concurrencyMetrics);
  const faults = new Faults(() => Math.floor(ids.random() * 2 ** 32));
  const placement = new Placement({
    clock,
    ids,
    sandbox: faultySandbox(sandbox, faults),
    catalog,
    packages,
    images,
    logSink: logs.sink,
    directory: control.directory,
    readable: control.readable,
    endpoint: () => origin,
    roleCredentials: access.credentialsFor,
    admitStart: (record) => concurrency.of(record).grow(),
    room: {
      memory: hostMemory(await readHierarchies()),
      maxEnvironments: options.maxEnvironments,
      refusal: (record) => concurrency.throttled(record, 'ConcurrentInvocationLimitExceeded'),
    },
  });
  cleanup.add(() => placement.close());
  const provisioned = new ProvisionedConcurrency({
    settings: control.concurrency,
    directory,
    aliases,
    placement,
    metrics: concurrencyMetrics,
  });
  const managed = new ManagedInstances({
    clock,
    sandbox: faultySandbox(sandbox, faults),
    directory,
    scaling: control.scaling,
    providers: control.capacityProviders,
    placement,
    throttled: (record) => concurrency.throttled(record, 'ConcurrentInvocationLimitExceeded'),
  });
  cleanup.add(() => managed.close());
  const durable = await DurableExecutions.open({
    state,
    clock,
    ids,
    log,
    runVersion: async (target, event) => {
      const { functionName: FunctionName, qualifier: Qualifier } = target;
      return invoker.runVersion(await invoker.find({ FunctionName, Qualifier }, target), target, event);
    },
    run: async (target, event, name) => (await invoker.run(target, event, name)).outcome,
  });
  cleanup.add(() => durable.close());
  const invoker: Invoker = new Invoker({
    durable: new DurableInvocation(durable),
    concurrency,
    faults,
    provisioned,
    directory,
    aliases,
    placement,
    managed,
    log,
    mayLoop: (record) => control.mayLoop(record),
  });
  const events = openEvents({
    control,
    invoker,
    faults,
    queue: queuesWithoutOwner(eventQueue),
    clock,
    ids,
    log,
    metrics,
    deliver: seams.deliver,
  });
  const mappings = openMappings({
    control,
    invoker,
    sources: new Map([['sqs', sqs.eventSource]]),
    clock,
    ids,
    log,
  });
  cleanup.add(async () => mappings.close());
  const services: Service[] = [
    lambdaService(
      control,
      invoker,
      events,
      { ...durableOperations(durable, () => clock.now()), ...mappings.operations },
      new FunctionUrls({
        urls: control.urls,
        access: new UrlAccess({
          authenticate: access.authenticate,
          authorize: access.authorize,
          policies: control.policies,
          isEnforced: options.authorization,
        }),
        invoker,
        clock,
        ids,
        log,
      }),
    ),
    logs.service,
    ecr.service,
    kms.service,
    autoScaling.service,
    ...access.services,
    sqs.service,
    sns.service,
    s3.service,
  ];
  seams.connect(services);

  const facts = (): PlatformFacts => ({
    version: version(),
    origin,
    dataDirectory: data.path,
    temporary: isTemporary,
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
        environments: placement.environmentCount + managed.environmentCount,
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
  cleanup.add(() => events.close());
  cleanup.add(() => sns.close());
  cleanup.add(async () => logs.endLiveTails());
  cleanup.add(async () => sqs.endPolls());
  // Requests that wait for a registry would hold up the server's end.
  cleanup.add(async () => images.interrupt());
  const bound = await server.listen({ host: options.host, port: options.port });
  origin = originOf(bound);
  placement.prepareRuntimes();
  serving.resolve(placement);
  await events.resume();
  await sns.resume();
  await mappings.resume();
  durable.resume();
  managed.begin();
  provisioned.begin();
  autoScaling.begin();
  s3.begin();

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

/** Storage that cannot go on must not pretend to: nothing more is answered. */
function stopAtOnce(log: Log, error: Error): never {
  log.error({ error: error.message }, 'The storage thread has ended; the server stops.');
  process.exit(1);
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

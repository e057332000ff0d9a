/** Lambda put together: its records, its environments, its ways to invoke and what invokes by itself. */
import { openBrokerQueue } from '../brokers/broker-queues.ts';
import { openKafka } from '../brokers/kafka/kafka-cluster.ts';
import type { BrokerAddresses } from '../core/broker-address.ts';
import type { WorkClock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import { openFunctionControl } from '../lambda/control/function-control.ts';
import { DurableExecutions } from '../lambda/durable/durable-executions.ts';
import { DurableInvocation } from '../lambda/durable/durable-invocation.ts';
import { durableOperations } from '../lambda/durable/durable-operations.ts';
import { openEvents } from '../lambda/events/open-events.ts';
import { Concurrency } from '../lambda/invoke/concurrency.ts';
import { ConcurrencyMetrics } from '../lambda/invoke/concurrency-metrics.ts';
import type { Faults } from '../lambda/invoke/faults.ts';
import { InvocationMetrics } from '../lambda/invoke/invocation-metrics.ts';
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
import type { UrlTarget } from '../lambda/urls/url-hosts.ts';
import { UrlHosts } from '../lambda/urls/url-hosts.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Call } from '../ports/call.ts';
import type { Deliver } from '../ports/delivery.ts';
import type { RuntimeCatalog, Sandbox } from '../ports/environment.ts';
import type { EventQueue } from '../ports/event-queue.ts';
import type { EventSource } from '../ports/event-source.ts';
import type { ImageStore } from '../ports/image-store.ts';
import type { Log } from '../ports/log.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { MetricSink } from '../ports/metrics.ts';
import type { PackageStore } from '../ports/package-store.ts';
import type { Service } from '../ports/service.ts';
import type { StateStore } from '../ports/state-store.ts';
import type { StreamSource } from '../ports/stream-source.ts';
import { readHierarchies } from '../sandbox/cgroup/hierarchies.ts';
import { hostMemory } from '../sandbox/cgroup/host-memory.ts';
import { queuesWithoutOwner } from '../storage/event-queue/queue-views.ts';
import type { Access } from './access.ts';
import type { Cleanup } from './cleanup.ts';
import { roleRequirement } from './role-calls.ts';

export interface LambdaDependencies {
  readonly state: StateStore;
  readonly eventQueue: EventQueue;
  readonly blobs: BlobStore;
  readonly packages: PackageStore;
  readonly images: ImageStore;
  readonly catalog: RuntimeCatalog;
  readonly sandbox: Sandbox;
  readonly logSink: LogSink;
  /** What event source mappings read from, by the service in the ARN. */
  readonly eventSources: ReadonlyMap<string, EventSource>;
  readonly streamSources: ReadonlyMap<string, StreamSource>;
  /** Where the brokers and clusters are that event source mappings name by ARN. */
  readonly brokers: BrokerAddresses;
  readonly access: Access;
  readonly isAuthorizationEnforced: boolean;
  readonly maxEnvironments: number | undefined;
  /** What domains of the operator's own lead to. */
  readonly urlDomains: ReadonlyMap<string, UrlTarget>;
  /** This server as functions reach it; known once it listens. */
  readonly endpoint: () => string;
  readonly metrics: MetricSink;
  /** Those about concurrency go further: what is provisioned follows them. */
  readonly concurrencyMetrics: MetricSink;
  readonly faults: Faults;
  readonly call: Call;
  readonly deliver: Deliver;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

export interface OpenLambda {
  readonly service: Service;
  /** Environments alive now, of all functions. */
  environmentCount(): number;
  /** Begins what needs the server's address: what was under way, and what is to be there before it is asked for. */
  begin(): Promise<void>;
  /** Ends asynchronous events, whose functions may still call the server. */
  closeEvents(): Promise<void>;
}

export async function openLambda(dependencies: LambdaDependencies, cleanup: Cleanup): Promise<OpenLambda> {
  const { access, call, clock, ids, log } = dependencies;
  // What is not finished is taken up before the data plane and its address are there.
  const serving = Promise.withResolvers<Placement | undefined>();
  const control = await cleanup.opening(
    openFunctionControl({
      ...dependencies,
      environmentCipher: new EnvironmentCipher(call),
      takeSnapshot: async (record) => {
        const placed = await serving.promise;
        return placed === undefined ? INTERRUPTED : placed.takeSnapshot(record);
      },
      startManaged: async (record) =>
        (await serving.promise) === undefined ? INTERRUPTED : managed.start(record),
      provisionedStatus: (name, qualifier) => provisioned.status(name, qualifier),
    }),
  );
  cleanup.add(async () => serving.resolve(undefined));

  const { aliases, directory } = control;
  const concurrencyMetrics = new ConcurrencyMetrics(dependencies.concurrencyMetrics);
  const concurrency = new Concurrency(clock, control.concurrency, directory, concurrencyMetrics);
  const placement = new Placement({
    ...dependencies,
    directory,
    readable: control.readable,
    roleCredentials: access.credentialsFor,
    admitStart: (record) => concurrency.of(record).grow(),
    room: {
      memory: hostMemory(await readHierarchies()),
      maxEnvironments: dependencies.maxEnvironments,
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
    ...dependencies,
    directory,
    scaling: control.scaling,
    providers: control.capacityProviders,
    placement,
    throttled: (record) => concurrency.throttled(record, 'ConcurrentInvocationLimitExceeded'),
  });
  cleanup.add(() => managed.close());
  const durable = await cleanup.opening(
    DurableExecutions.open({
      ...dependencies,
      runVersion: async (target, event) => {
        const { functionName: FunctionName, qualifier: Qualifier } = target;
        return invoker.runVersion(await invoker.find({ FunctionName, Qualifier }, target), target, event);
      },
      run: async (target, event, name) => (await invoker.run(target, event, name)).outcome,
    }),
  );
  const invoker: Invoker = new Invoker({
    ...dependencies,
    metrics: new InvocationMetrics(dependencies.metrics),
    durable: new DurableInvocation(durable),
    concurrency,
    provisioned,
    directory,
    aliases,
    placement,
    managed,
    mayLoop: (record) => control.mayLoop(record),
  });
  const requireOfRole = roleRequirement(dependencies.access.permissions);
  const events = openEvents({
    ...dependencies,
    requireOfRole,
    control,
    invoker,
    queue: queuesWithoutOwner(dependencies.eventQueue),
  });
  const mappings = openMappings({
    ...dependencies,
    requireOfRole,
    control,
    invoker,
    sources: dependencies.eventSources,
    streams: dependencies.streamSources,
    openKafka,
    openBrokerQueue,
  });
  cleanup.add(() => mappings.close());
  const urls = new FunctionUrls({
    hosts: new UrlHosts(control.urls, dependencies.urlDomains),
    access: new UrlAccess({
      authenticate: access.authenticate,
      authorize: access.authorize,
      policies: control.policies,
      isEnforced: dependencies.isAuthorizationEnforced,
    }),
    invoker,
    clock,
    ids,
    log,
  });
  return {
    service: lambdaService(
      control,
      invoker,
      events,
      { ...durableOperations(durable, directory), ...mappings.operations },
      urls,
    ),
    environmentCount: () => placement.environmentCount + managed.environmentCount,
    async begin() {
      placement.prepareRuntimes();
      serving.resolve(placement);
      await events.resume();
      await mappings.resume();
      durable.resume();
      managed.begin();
      provisioned.begin();
    },
    closeEvents: () => events.close(),
  };
}

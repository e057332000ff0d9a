/** The services that events come from and go to: logs, queues, topics, streams, tables, buckets, buses, schedules, pipes. */
import type { WorkClock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { EventSource } from '../ports/event-source.ts';
import type { Log } from '../ports/log.ts';
import type { MetricSink } from '../ports/metrics.ts';
import type { Service } from '../ports/service.ts';
import type { StreamSource } from '../ports/stream-source.ts';
import { openDynamo } from '../services/dynamodb/dynamodb.ts';
import { openEvents } from '../services/events/events.ts';
import { openFirehose } from '../services/firehose/firehose.ts';
import { openKinesis } from '../services/kinesis/kinesis.ts';
import { openLogs } from '../services/logs/logs.ts';
import { openPipes } from '../services/pipes/pipes.ts';
import { openS3 } from '../services/s3/s3.ts';
import { openS3Control } from '../services/s3control/s3control.ts';
import { openScheduler } from '../services/scheduler/scheduler.ts';
import { openSns } from '../services/sns/sns.ts';
import { openSqs } from '../services/sqs/sqs.ts';
import { queuesOf } from '../storage/event-queue/queue-views.ts';
import { openServiceModel } from '../wire/model/open.ts';
import type { Access } from './access.ts';
import type { Cleanup } from './cleanup.ts';
import { eventsSeal } from './events-seal.ts';
import type { RemoteServices } from './remote-services.ts';
import { roleCalls, roleRequirement } from './role-calls.ts';
import type { Seams } from './seams.ts';
import { snsSigningKeyFile } from './sns-signing-key.ts';
import type { Storage } from './storage.ts';

export interface EventServicesDependencies {
  readonly storage: Storage;
  readonly seams: Seams;
  readonly access: Access;
  /** Those that are elsewhere are not opened here. */
  readonly remote: RemoteServices;
  readonly metrics: MetricSink;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  /** Of this server, once it listens. */
  readonly origin: () => string;
}

interface OpenSources {
  readonly sqs: { readonly eventSource: EventSource } | undefined;
  readonly kinesis: { readonly streamSource: StreamSource } | undefined;
  readonly dynamo: { readonly streamSource: StreamSource } | undefined;
}

/** What is polled, by the service in the ARN: here, or where the service is. */
function sourcesOf({ sqs, kinesis, dynamo }: OpenSources, remote: RemoteServices) {
  return {
    eventSources: new Map<string, EventSource>([['sqs', sqs?.eventSource ?? remote.queues]]),
    streamSources: new Map<string, StreamSource>([
      ['kinesis', kinesis?.streamSource ?? remote.kinesisStreams()],
      ['dynamodb', dynamo?.streamSource ?? remote.tableStreams()],
    ]),
  };
}

export async function openEventServices(dependencies: EventServicesDependencies, cleanup: Cleanup) {
  const { storage, seams, access, remote, metrics, origin, ...common } = dependencies;
  const { data, eventQueue } = storage;
  const requireOfRole = roleRequirement(access.permissions);
  const shared = { ...storage, ...seams, ...common, requireOfRole };
  /** Undefined where the service is elsewhere. */
  const unlessRemote = async <T>(name: string, open: () => Promise<T>): Promise<T | undefined> =>
    remote.has(name) ? undefined : open();
  const logs = await cleanup.opening(openLogs(shared));
  const sqs = await unlessRemote('sqs', () =>
    cleanup.opening(openSqs({ ...shared, senderIdOf: access.senderIdOf })),
  );
  const kinesis = await unlessRemote('kinesis', () => cleanup.opening(openKinesis({ ...shared, metrics })));
  const s3 = await unlessRemote('s3', () =>
    cleanup.opening(openS3({ ...shared, admitForm: access.admitForm })),
  );
  const dynamo = await unlessRemote('dynamodb', () => cleanup.opening(openDynamo(shared)));
  const sources = sourcesOf({ sqs, kinesis, dynamo }, remote);
  const firehose = await unlessRemote('firehose', () =>
    openFirehose({
      ...shared,
      queue: queuesOf('firehose', eventQueue),
      source: sources.streamSources.get('kinesis')!,
    }),
  );
  const sns = await unlessRemote('sns', () =>
    openSns({
      ...shared,
      queue: queuesOf('sns', eventQueue),
      signingKeyFile: snsSigningKeyFile(data.path),
      origin,
    }),
  );
  const events = await unlessRemote('events', async () =>
    openEvents({
      ...shared,
      queue: queuesOf('events', eventQueue),
      archived: queuesOf('archives', eventQueue),
      sealKey: await eventsSeal(data.path, common.ids),
    }),
  );
  const callAs = roleCalls({ call: seams.call, openServiceModel, permissions: access.permissions });
  const scheduler = await unlessRemote('scheduler', () => openScheduler({ ...shared, callAs }));
  const s3Control = await openS3Control({ ...shared, callAs });
  const pipes = await unlessRemote('pipes', () => openPipes({ ...shared, ...sources, callAs }));
  const services: Service[] = [
    logs.service,
    ...[events, scheduler, pipes, sqs, kinesis, firehose, sns, s3].flatMap((opened) => opened?.service ?? []),
    s3Control.service,
    ...(dynamo?.services ?? []),
    ...remote.services,
  ];
  return {
    services,
    ...sources,
    logSink: logs.sink,

    /** Goes on with what earlier processes have left. To be called when everything can be reached. */
    async resume(): Promise<void> {
      await firehose?.resume();
      await sns?.resume();
      await events?.resume();
      logs.resume();
      scheduler?.begin();
      await pipes?.resume();
      s3?.begin();
      s3Control.begin();
      dynamo?.begin();
    },

    /** What is to be closed before the server, which deliveries may still call and waiting requests would hold up. */
    closeBeforeServer(): void {
      cleanup.add(async () => events?.close());
      cleanup.add(async () => scheduler?.close());
      cleanup.add(() => s3Control.close());
      cleanup.add(async () => pipes?.close());
      cleanup.add(async () => firehose?.close());
      cleanup.add(async () => sns?.close());
      cleanup.add(() => logs.closeSubscriptions());
      cleanup.add(async () => logs.endLiveTails());
      cleanup.add(async () => sqs?.endPolls());
      cleanup.add(async () => kinesis?.endSubscriptions());
    },
  };
}

/** The services that events come from and go to: logs, queues, topics, streams, tables, buckets, buses, schedules, pipes. */
import type { WorkClock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../ports/log.ts';
import type { MetricSink } from '../ports/metrics.ts';
import type { Service } from '../ports/service.ts';
import { openDynamo } from '../services/dynamodb/dynamodb.ts';
import { openEvents } from '../services/events/events.ts';
import { openFirehose } from '../services/firehose/firehose.ts';
import { openKinesis } from '../services/kinesis/kinesis.ts';
import { openLogs } from '../services/logs/logs.ts';
import { openPipes } from '../services/pipes/pipes.ts';
import { openS3 } from '../services/s3/s3.ts';
import { openScheduler } from '../services/scheduler/scheduler.ts';
import { openSns } from '../services/sns/sns.ts';
import { openSqs } from '../services/sqs/sqs.ts';
import { queuesOf } from '../storage/event-queue/queue-views.ts';
import { openServiceModel } from '../wire/model/open.ts';
import type { Access } from './access.ts';
import type { Cleanup } from './cleanup.ts';
import { eventsSeal } from './events-seal.ts';
import { roleCalls, roleRequirement } from './role-calls.ts';
import type { Seams } from './seams.ts';
import { snsSigningKeyFile } from './sns-signing-key.ts';
import type { Storage } from './storage.ts';

export interface EventServicesDependencies {
  readonly storage: Storage;
  readonly seams: Seams;
  readonly access: Access;
  readonly metrics: MetricSink;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  /** Of this server, once it listens. */
  readonly origin: () => string;
}

export async function openEventServices(dependencies: EventServicesDependencies, cleanup: Cleanup) {
  const { storage, seams, access, metrics, origin, ...common } = dependencies;
  const { data, eventQueue } = storage;
  const requireOfRole = roleRequirement(access.permissions);
  const shared = { ...storage, ...seams, ...common, requireOfRole };
  const logs = await cleanup.opening(openLogs(shared));
  const sqs = await cleanup.opening(openSqs({ ...shared, senderIdOf: access.senderIdOf }));
  const kinesis = await cleanup.opening(openKinesis({ ...shared, metrics }));
  const s3 = await cleanup.opening(openS3({ ...shared, admitForm: access.admitForm }));
  const dynamo = await cleanup.opening(openDynamo(shared));
  const firehose = await openFirehose({
    ...shared,
    queue: queuesOf('firehose', eventQueue),
    source: kinesis.streamSource,
  });
  const sns = await openSns({
    ...shared,
    queue: queuesOf('sns', eventQueue),
    signingKeyFile: snsSigningKeyFile(data.path),
    origin,
  });
  const events = await openEvents({
    ...shared,
    queue: queuesOf('events', eventQueue),
    archived: queuesOf('archives', eventQueue),
    sealKey: await eventsSeal(data.path, common.ids),
  });
  const callAs = roleCalls({ call: seams.call, openServiceModel, permissions: access.permissions });
  const scheduler = await openScheduler({ ...shared, callAs });
  const sources = {
    eventSources: new Map([['sqs', sqs.eventSource]]),
    streamSources: new Map([
      ['kinesis', kinesis.streamSource],
      ['dynamodb', dynamo.streamSource],
    ]),
  };
  const pipes = await openPipes({ ...shared, ...sources, callAs });
  const services: Service[] = [
    logs.service,
    events.service,
    scheduler.service,
    pipes.service,
    sqs.service,
    kinesis.service,
    firehose.service,
    sns.service,
    s3.service,
    ...dynamo.services,
  ];
  return {
    services,
    ...sources,
    logSink: logs.sink,

    /** Goes on with what earlier processes have left. To be called when everything can be reached. */
    async resume(): Promise<void> {
      await firehose.resume();
      await sns.resume();
      await events.resume();
      logs.resume();
      scheduler.begin();
      await pipes.resume();
      s3.begin();
      dynamo.begin();
    },

    /** What is to be closed before the server, which deliveries may still call and waiting requests would hold up. */
    closeBeforeServer(): void {
      cleanup.add(() => events.close());
      cleanup.add(() => scheduler.close());
      cleanup.add(() => pipes.close());
      cleanup.add(() => firehose.close());
      cleanup.add(() => sns.close());
      cleanup.add(() => logs.closeSubscriptions());
      cleanup.add(async () => logs.endLiveTails());
      cleanup.add(async () => sqs.endPolls());
      cleanup.add(async () => kinesis.endSubscriptions());
    },
  };
}

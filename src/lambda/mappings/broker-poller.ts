/** What polls the queue of a broker for one mapping. */
import type { BrokerAddresses } from '../../core/broker-address.ts';
import { brokerAddressOf } from '../../core/broker-address.ts';
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { QueuePoller } from '../../polling/queue-poller.ts';
import { Rests } from '../../polling/rests.ts';
import type { OpenBrokerQueue } from '../../ports/broker-queue.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricSink } from '../../ports/metrics.ts';
import type { Invoker } from '../invoke/invoke.ts';
import type { BrokerMapping } from '../records/broker-mapping.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import type { BrokerBatchesDependencies } from './broker-batches.ts';
import { brokerBatches, eventFrame } from './broker-batches.ts';
import { BrokerSource } from './broker-source.ts';
import { MappingMetrics } from './mapping-metrics.ts';

/**
 * Batches that are worked on at once. Source: Lambda developer guide, "Using Lambda with Amazon MQ": five environments
 * for ActiveMQ, one for RabbitMQ.
 */
const CONCURRENCY = { activemq: 5, rabbitmq: 1 };

/** AMQP 0-9-1 counts them in sixteen bits. */
const MAX_PREFETCH = 65_535;

/** The same for both kinds of broker. Words as of Kafka's, whose begin so. */
const CONNECTION_PROBLEM =
  'PROBLEM: Connection error. Please check your event source connection configuration.';

export interface BrokerPollerDependencies {
  readonly invoker: Pick<Invoker, 'run'>;
  /** The ARN of the role by which the function of a mapping runs now. */
  readonly roleOf: (mapping: MappingRecord) => string | undefined;
  readonly call: Call;
  readonly metrics: MetricSink;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly brokers: BrokerAddresses;
  readonly openBrokerQueue: OpenBrokerQueue;
  readonly requireOfRole: RequireOfRole;
  /** Told of every outcome. */
  readonly processed: BrokerBatchesDependencies['processed'];
}

/** Undefined where nobody says where the broker is. */
export function brokerPoller(deps: BrokerPollerDependencies, mapping: MappingRecord, broker: BrokerMapping) {
  const { eventSourceArn: sourceArn, functionName, batchSize } = mapping;
  const { clock, processed } = deps;
  const address = brokerAddressOf(deps.brokers, sourceArn);
  if (address === undefined || address.kind === 'kafka') return undefined;
  const maximumConcurrency = CONCURRENCY[address.kind];
  const source = new BrokerSource({
    open: deps.openBrokerQueue,
    address,
    queue: broker.queue,
    virtualHost: broker.virtualHost ?? '/',
    prefetch: Math.min(MAX_PREFETCH, batchSize * maximumConcurrency),
    credentials: () => credentialsOf(deps, mapping, broker),
    failed: () => processed(CONNECTION_PROBLEM),
    now: () => clock.now(),
  });
  const rests = new Rests(clock);
  const metrics = new MappingMetrics(deps.metrics, mapping);
  const frame = eventFrame(mapping, address.kind);
  const poller = new QueuePoller(
    {
      ...deps,
      source,
      handle: brokerBatches({ ...deps, source, rests, metrics }, mapping, frame),
      polled: (count, filteredOut) => {
        metrics.count('PolledEventCount', count);
        metrics.count('FilteredOutEventCount', filteredOut);
      },
      deleted: (count) => metrics.count('DeletedEventCount', count),
    },
    {
      ...mapping,
      sourceArn,
      maximumConcurrency,
      frameBytes: Buffer.byteLength(frame.start + frame.end),
      logFields: { functionName, sourceArn },
    },
  );
  return {
    start: (): void => poller.start(),
    async stop(): Promise<void> {
      rests.endAll();
      await poller.stop();
      await source.close();
    },
    async abandon(): Promise<void> {
      rests.endAll();
      poller.abandon();
      await source.close();
    },
  };
}

/** Read as the function's role, which needs the permission on AWS too. */
async function credentialsOf(
  { call, roleOf, requireOfRole }: BrokerPollerDependencies,
  mapping: MappingRecord,
  { secretArn }: BrokerMapping,
): Promise<{ readonly username: string; readonly password: string }> {
  const { accountId, region, functionName } = mapping;
  const roleArn = roleOf(mapping);
  if (roleArn !== undefined) {
    const caller = {
      accountId,
      region,
      roleArn,
      principal: 'lambda.amazonaws.com',
      sessionName: functionName,
    };
    await requireOfRole(caller, 'secretsmanager:GetSecretValue', secretArn);
  }
  const { SecretString: text = '' } = (await call({ accountId, region }, 'secretsmanager', 'GetSecretValue', {
    SecretId: secretArn,
  })) as { readonly SecretString?: string };
  return credentialsIn(text);
}

/** Throws where the secret is none of a broker, without saying what is in it. */
function credentialsIn(text: string): { readonly username: string; readonly password: string } {
  try {
    const { username, password } = JSON.parse(text) as Record<string, unknown>;
    if (typeof username === 'string' && typeof password === 'string') return { username, password };
  } catch {
    // The words of a parser would hold some of the text.
  }
  throw new Error('The secret of the broker is no JSON object with username and password.');
}

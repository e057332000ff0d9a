/** The cluster that a mapping reads, connected to when it is first needed. */
import type { BrokerAddresses } from '../../core/broker-address.ts';
import type { Call } from '../../ports/call.ts';
import type { KafkaCluster, KafkaFailureKind, OpenKafka } from '../../ports/kafka.ts';
import type { KafkaMapping, MappingRecord } from '../records/mapping-table.ts';
import { kafkaAccess, serversOf } from './kafka-access.ts';

export interface KafkaConnectionDependencies {
  readonly openKafka: OpenKafka;
  readonly brokers: BrokerAddresses;
  readonly call: Call;
}

/** After these a secret may have been changed; any other is over when the cluster is there again. */
const STALE_ACCESS: readonly KafkaFailureKind[] = ['login', 'own-certificate', 'server-certificate'];

export class KafkaConnection {
  /** `host:port`, as the cluster was named. */
  readonly servers: readonly string[];
  readonly #deps: KafkaConnectionDependencies;
  readonly #mapping: MappingRecord;
  readonly #kafka: KafkaMapping;
  #opening: Promise<KafkaCluster> | undefined;

  constructor(deps: KafkaConnectionDependencies, mapping: MappingRecord, kafka: KafkaMapping) {
    this.#deps = deps;
    this.#mapping = mapping;
    this.#kafka = kafka;
    this.servers = serversOf(deps.brokers, mapping, kafka);
  }

  cluster(): Promise<KafkaCluster> {
    const opening = this.#opening ?? this.#open();
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  /** To be called for each failure: secrets are read anew where they were at fault. */
  async failed(kind: KafkaFailureKind): Promise<void> {
    if (STALE_ACCESS.includes(kind)) await this.close();
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    const cluster = await opening?.catch(() => undefined);
    await cluster?.close();
  }

  async #open(): Promise<KafkaCluster> {
    const { call, openKafka } = this.#deps;
    return openKafka(await kafkaAccess({ call, servers: this.servers }, this.#mapping, this.#kafka));
  }
}

/** A Kafka broker of its own for a test, from its Maven artefacts: in KRaft mode, on loopback, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../kit/free-port.ts';
import type { ChildServer } from './child-server.ts';
import { childServer } from './child-server.ts';
import { mavenJars } from './maven-jars.ts';

const PROJECT = fileURLToPath(new URL('kafka/pom.xml', import.meta.url));

/** Known to SASL/PLAIN and both kinds of SASL/SCRAM. */
export const KAFKA_USER = { username: 'reader', password: 'secret' };

/** Stopped and started again, it has what it has kept. */
export interface KafkaServer extends ChildServer {
  /** `host:port` of each listener. `tls` asks clients for a certificate, which may be its own. */
  readonly plaintext: string;
  readonly sasl: string;
  readonly tls: string;
  /** PEM texts of its own certificate, which has signed itself, and its key. */
  readonly certificate: string;
  readonly privateKey: string;
  /** Stops it for good and removes what it has kept. */
  close(): Promise<void>;
}

export async function startKafka(): Promise<KafkaServer> {
  const jars = await mavenJars('kafka', PROJECT);
  const folder = await mkdtemp(join(tmpdir(), 'selfsame-kafka-'));
  const [plaintext, sasl, tls, controller] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const properties = join(folder, 'server.properties');
  const java = [
    ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
    ...['-Dorg.apache.logging.log4j.level=INFO', '-cp', join(jars, '*')],
  ];
  const env = { PATH: process.env['PATH'], HOME: folder };
  const server = childServer('java', [...java, 'kafka.Kafka', properties], env, /Kafka Server started/);
  const close = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { certificate, privateKey } = await selfSigned(folder);
    await writeFile(properties, settingsOf(folder, { plaintext, sasl, tls, controller }));
    await promisify(execFile)('java', [...java, 'kafka.tools.StorageTool', ...formatting(properties)], {
      env,
    });
    await server.start();
    const addressOf = (port: number): string => `127.0.0.1:${port}`;
    return {
      ...server,
      plaintext: addressOf(plaintext),
      sasl: addressOf(sasl),
      tls: addressOf(tls),
      certificate,
      privateKey,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function selfSigned(folder: string): Promise<{ certificate: string; privateKey: string }> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  ]);
  const texts = await Promise.all([readFile(key, 'utf8'), readFile(certificate, 'utf8')]);
  await writeFile(join(folder, 'store.pem'), texts.join(''));
  return { privateKey: texts[0], certificate: texts[1] };
}

interface Ports {
  readonly plaintext: number;
  readonly sasl: number;
  readonly tls: number;
  readonly controller: number;
}

function settingsOf(folder: string, { plaintext, sasl, tls, controller }: Ports): string {
  const { username, password } = KAFKA_USER;
  const security = 'org.apache.kafka.common.security';
  const listeners = `PLAINTEXT://127.0.0.1:${plaintext},SASL_SSL://127.0.0.1:${sasl},SSL://127.0.0.1:${tls}`;
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${listeners},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': listeners,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': `${security}.plain.PlainLoginModule required user_${username}="${password}";`,
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(folder, 'store.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(folder, 'certificate.pem'),
    'listener.name.ssl.ssl.client.auth': 'required',
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'auto.create.topics.enable': false,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function formatting(properties: string): string[] {
  const user = `name=${KAFKA_USER.username},password=${KAFKA_USER.password}`;
  return [
    ...['format', '--config', properties, '--cluster-id', 'AAAAAAAAAAAAAAAAAAAAAQ'],
    ...['--add-scram', `SCRAM-SHA-256=[${user}]`, '--add-scram', `SCRAM-SHA-512=[${user}]`],
  ];
}

/** A RabbitMQ of its own for a test, from Debian's package: on loopback, with everything it keeps and starts to itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../kit/free-port.ts';
import type { ChildServer } from './child-server.ts';
import { childServer } from './child-server.ts';

/** Past Debian's wrapper, which would leave root and its folders for those of the package. */
const PROGRAM = '/usr/lib/rabbitmq/bin/rabbitmq-server';

export const RABBITMQ_USER = { username: 'reader', password: 'a secret' };
/** Beside `/`. */
export const OTHER_VIRTUAL_HOST = 'other';

/** Stopped and started again, it has what it has kept. */
export interface RabbitmqServer extends ChildServer {
  readonly port: number;
  /** As `--broker` takes it. */
  readonly address: string;
  /** For clients of tests. */
  url(virtualHost?: string): string;
  /** Stops it for good and removes what it has kept. */
  close(): Promise<void>;
}

export async function startRabbitmq(): Promise<RabbitmqServer> {
  const folder = await mkdtemp(join(tmpdir(), 'selfsame-rabbitmq-'));
  const [port, distributionPort, mapperPort] = [await freePort(), await freePort(), await freePort()];
  await writeFile(join(folder, 'definitions.json'), JSON.stringify(definitions()));
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    `listeners.tcp.1 = 127.0.0.1:${port}\nload_definitions = ${join(folder, 'definitions.json')}\n`,
  );
  await writeFile(join(folder, 'enabled_plugins'), '[].\n');
  const environment = {
    PATH: process.env['PATH'],
    // Where the cookie is, by which nodes know one another.
    HOME: folder,
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `selfsame${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(folder, 'feature_flags'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
  };
  // Started here, so that the node starts none that would outlive it.
  const mapper = spawn('epmd', ['-port', String(mapperPort), '-address', '127.0.0.1'], { stdio: 'ignore' });
  const mapperEnded = once(mapper, 'exit');
  const node = childServer(PROGRAM, [], environment, /completed with \d+ plugins/);
  const close = async (): Promise<void> => {
    await node.stop();
    mapper.kill('SIGKILL');
    await mapperEnded;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await node.start();
  } catch (error) {
    await close();
    throw error;
  }
  const { username, password } = RABBITMQ_USER;
  return {
    port,
    address: `amqp://127.0.0.1:${port}`,
    url: (virtualHost = '/') =>
      `amqp://${username}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(virtualHost)}`,
    ...node,
    close,
  };
}

function definitions(): object {
  const { username: name, password } = RABBITMQ_USER;
  const vhosts = ['/', OTHER_VIRTUAL_HOST];
  return {
    users: [{ name, password, tags: '' }],
    vhosts: vhosts.map((vhost) => ({ name: vhost })),
    permissions: vhosts.map((vhost) => ({ user: name, vhost, configure: '.*', write: '.*', read: '.*' })),
  };
}

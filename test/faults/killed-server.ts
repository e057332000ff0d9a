/** A server in a process of its own, which a test may kill, and what it leaves on the host. */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { freePort } from '../kit/free-port.ts';

const run = promisify(execFile);
const SELFSAME = fileURLToPath(new URL('../../bin/selfsame', import.meta.url));

export class KilledServer {
  readonly port: number;
  private readonly dataDirectory: string;
  private readonly isolation: IsolationLevel;
  private child: ChildProcess | undefined;
  /** Of every start. */
  private readonly pids: number[] = [];

  private constructor(port: number, dataDirectory: string, isolation: IsolationLevel) {
    this.port = port;
    this.dataDirectory = dataDirectory;
    this.isolation = isolation;
  }

  static async start(dataDirectory: string, isolation: IsolationLevel = 'namespaces'): Promise<KilledServer> {
    const server = new KilledServer(await freePort(), dataDirectory, isolation);
    await server.start();
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const flags = ['--port', String(this.port), '--data-dir', this.dataDirectory, '--log-level', 'error'];
    const child = spawn(
      process.execPath,
      [SELFSAME, 'start', ...flags, '--nearest-runtime', '--isolation', this.isolation],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    this.child = child;
    this.pids.push(child.pid!);
    for (;;) {
      const answer = await fetch(`${this.origin}/_selfsame/health`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return;
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async kill(): Promise<void> {
    await this.signal('SIGKILL');
  }

  /** As an operator stops it; resolves with the exit code. */
  async stop(): Promise<number | null> {
    await this.signal('SIGTERM');
    return this.child!.exitCode;
  }

  /** Resolves when the server has ended, be it before. */
  private async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.child!;
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** Moves its service clock, and waits for what falls due. */
  async advance(seconds: number): Promise<void> {
    const answer = await fetch(`${this.origin}/_selfsame/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ advanceSeconds: seconds }),
    });
    if (!answer.ok) throw new Error(`the clock was not advanced: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }

  /** What is left on the host of the servers that have ended, beside processes and files. */
  traces(): Promise<string[]> {
    const isRunning = this.child?.exitCode === null && this.child.signalCode === null;
    return tracesOf(isRunning ? this.pids.slice(0, -1) : this.pids);
  }

  /** Every process that the server started and that runs now, whatever it has become a child of. */
  async processes(): Promise<number[]> {
    const mark = `:${this.port}\0`;
    const found: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const variables = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      const endpoint = /(?:^|\0)AWS_ENDPOINT_URL=[^\0]*\0/.exec(variables)?.[0];
      if (endpoint?.endsWith(mark)) found.push(Number(name));
    }
    return found;
  }
}

/** Control groups and bridges of servers with these process numbers. */
async function tracesOf(pids: readonly number[]): Promise<string[]> {
  const [groups, links] = await Promise.all([
    run('find', ['/sys/fs/cgroup', '-type', 'd', '-name', 'selfsame-*']).then(({ stdout }) => stdout),
    run('ip', ['-details', '-oneline', 'link', 'show', 'type', 'bridge']).then(({ stdout }) => stdout),
  ]);
  const isOurs = (line: string): boolean => pids.some((pid) => new RegExp(`\\b${pid}\\b`).test(line));
  return [...groups.split('\n'), ...links.split('\n')].filter(
    (line) => /selfsame-/.test(line) && isOurs(line),
  );
}

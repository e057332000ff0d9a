/** Makes and removes networks of environments by scripts, which a shell runs that lives as long as the server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PlatformError } from '../../core/errors.ts';
import { ShellDialogue } from '../shell-dialogue.ts';
import { addressOf, BLOCK_PREFIX, RUNTIME_API_HOST_PORT, runtimeApiHost } from './addresses.ts';
import type { Bridge } from './bridge.ts';
import { removedRuntimeApiElements, runtimeApiElements } from './filter-rules.ts';

const FAILING = 'The network of functions cannot be set up';

const DONE = 'done';

export class NetworkMaker {
  private readonly bridge: Bridge;
  private shell: ShellDialogue | undefined;

  constructor(bridge: Bridge) {
    this.bridge = bridge;
  }

  namespaceOf(index: number): string {
    return `${this.bridge.name}-${index}`;
  }

  /** Whether a runtime API could listen there: somebody else's server may, or one of ours that has not ended yet. */
  async isUsable(index: number): Promise<boolean> {
    const server = createServer().listen(RUNTIME_API_HOST_PORT, runtimeApiHost(this.bridge.block, index));
    try {
      await once(server, 'listening');
    } catch {
      return false;
    }
    server.close();
    await once(server, 'close');
    return true;
  }

  /** Rejects with `PlatformError` at the first that cannot be made; some of them may be there then. */
  async make(indices: readonly number[]): Promise<void> {
    const { name, block } = this.bridge;
    const namespaces = indices.map((index) => this.namespaceScript(index)).join('');
    await this.run(`${namespaces}${fed('nft -f -', runtimeApiElements(name, block, indices))}`);
  }

  /** Those that are not there are no problem. */
  async remove(indices: readonly number[]): Promise<void> {
    const { name, block } = this.bridge;
    // The interface goes with its namespace, the way through to a runtime API that has ended leads nowhere.
    // One that was moved to another namespace goes when the kernel has done away with that one, which may take a while.
    const commands = indices.flatMap((index) => [
      `netns delete ${this.namespaceOf(index)}\n`,
      `link delete dev ${this.namespaceOf(index)}\n`,
    ]);
    await this.run(fed('ip -force -batch -', commands.join(''))).catch(() => {});
    await this.run(fed('nft -f -', removedRuntimeApiElements(name, block, indices))).catch(() => {});
  }

  /** A shell script that moves its interface into the network namespace at the path $1. */
  moveScript(index: number): string {
    return `ip -n ${this.namespaceOf(index)} link set dev eth0 netns "$1"
nsenter --net="$1" -- ip -batch - <<EOF
${insideCommands(this.bridge.block, index)}EOF
`;
  }

  async close(): Promise<void> {
    await this.shell?.end();
  }

  /** `isolated`: the bridge passes nothing from one environment to another. */
  private namespaceScript(index: number): string {
    const { name, block } = this.bridge;
    const namespace = this.namespaceOf(index);
    const link = `${name}-${index}`;
    return `${fed(
      'ip -batch -',
      `netns add ${namespace}
link add name ${link} type veth peer name eth0 netns ${namespace}
link set dev ${link} master ${name} addrgenmode none
link set dev ${link} type bridge_slave isolated on
link set dev ${link} up
`,
    )}${fed(`ip -n ${namespace} -batch -`, insideCommands(block, index))}`;
  }

  /** Ends at the first command that fails. The answer is `done`, or what the commands said, in one line. */
  private async run(script: string): Promise<void> {
    const answer = await this.livingShell().ask(
      `problem=$(set -ef; exec 2>&1 >/dev/null\n${script})\ncase $? in 0) echo ${DONE};; *) set -f; echo $problem;; esac`,
    );
    if (answer !== DONE) throw new PlatformError(`${FAILING}: ${answer}`, 'Run `selfsame doctor`.');
  }

  private livingShell(): ShellDialogue {
    if (this.shell === undefined || this.shell.isOver) {
      const options = { env: { PATH: process.env['PATH'] }, stdio: 'pipe' } as const;
      // In a group of its own: it is to outlive the Ctrl+C that ends the server.
      this.shell = new ShellDialogue(spawn('sh', [], { ...options, detached: true }), FAILING);
    }
    return this.shell;
  }
}

function fed(command: string, input: string): string {
  return `${command} <<EOF\n${input}EOF\n`;
}

/** Of `ip`, in the namespace that has the interface. */
function insideCommands(block: number, index: number): string {
  return `link set dev lo up
addr add ${addressOf(block, index)}/${BLOCK_PREFIX} dev eth0
link set dev eth0 addrgenmode none up
route add default via ${addressOf(block, 1)}
`;
}

import { PlatformError } from '../core/errors.ts';
import type { IsolationLevel, Sandbox } from '../ports/environment.ts';
import { NamespacesSandbox } from './namespaces/namespaces-sandbox.ts';
import type { Probe } from './namespaces/probe.ts';
import { probeNamespaces } from './namespaces/probe.ts';
import { ProcessSandbox, removeLeftovers } from './process/process-sandbox.ts';
import type { SandboxOptions } from './sandbox-options.ts';

export type { SandboxOptions } from './sandbox-options.ts';

export interface IsolationProbe {
  readonly namespaces: Probe;
}

let probed: Promise<IsolationProbe> | undefined;

/** What this host can hold beside *process*, which it always can. Looked up once: it starts sandboxes to find out. */
export function probeIsolation(): Promise<IsolationProbe> {
  probed ??= probeNamespaces().then((namespaces) => ({ namespaces }));
  return probed;
}

/** Removes what a killed server left behind, then opens the level. Rejects where the host cannot hold it. */
export async function createSandbox(level: IsolationLevel, options: SandboxOptions): Promise<Sandbox> {
  const ended = await removeLeftovers(options.environmentsDirectory);
  if (ended > 0) options.log.warn({ ended }, 'Ended environments that an earlier server left running.');
  switch (level) {
    case 'process':
      return new ProcessSandbox(options);
    case 'namespaces': {
      const { namespaces } = await probeIsolation();
      if (!namespaces.available) throw new PlatformError(namespaces.reason, namespaces.remedy);
      return new NamespacesSandbox(options, namespaces.bwrap);
    }
    case 'oci':
      throw new PlatformError(
        "The isolation level 'oci' is not implemented yet.",
        "Choose 'namespaces' or 'process'.",
      );
  }
}

import type { Log } from '../ports/log.ts';

export interface SandboxOptions {
  /** Scratch space of environments; exists, and belongs to this server alone. */
  readonly environmentsDirectory: string;
  /** Prepared runtime directories are kept here. */
  readonly runtimesDirectory: string;
  readonly log: Log;
}

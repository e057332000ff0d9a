import type { RuntimeEvent } from '../../ports/environment.ts';

/** How events reach a runtime: over the framed channel, or when it asks the HTTP runtime API. */
export interface RuntimeTransport {
  invoke(event: RuntimeEvent): void;
  close(): void;
}

import type { RuntimeEvent } from '../../ports/environment.ts';

/** How events reach a runtime: over the framed channel, or when it asks the HTTP runtime API. */
export interface RuntimeTransport {
  invoke(event: RuntimeEvent): void;
  /** Known once the runtime has ended: it has not read the event it was last given. */
  readonly undelivered: boolean;
  close(): void;
}

/** What is kept of an event that waits for its function. */
import type { FunctionName } from '../records/qualified-table.ts';

/** Known when it is accepted. */
export interface EventAttributes extends FunctionName {
  /** Version or alias, as the caller named it. */
  readonly qualifier?: string;
  /** The same on every attempt. */
  readonly requestId: string;
  /** X-Ray's trace header. */
  readonly traceId: string;
  /** Service time, epoch milliseconds. */
  readonly acceptedMs: number;
  /** Decoded JSON text. */
  readonly clientContext?: string | undefined;
  readonly tenantId?: string | undefined;
}

/** Something that is to be sent away before the event is done with. */
export interface OutgoingRecord {
  readonly kind: 'destination' | 'dead letter';
  readonly targetArn: string;
  readonly body: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/** What has been tried. */
export interface EventProgress {
  /** How often the function has run. */
  readonly attempts: number;
  /** Throttles and system errors. */
  readonly refusals: number;
  /** The latest of them. */
  readonly lastRefusal?: { readonly status: number; readonly message: string };
  /** The function is done with it; these have not been taken yet. */
  readonly outgoing?: readonly OutgoingRecord[];
  readonly deliveryFailures?: number;
  /** When they were tried first; service time. */
  readonly outgoingSinceMs?: number;
}

export const NOT_TRIED: EventProgress = { attempts: 0, refusals: 0 };

export function queueName({ accountId, region, functionName, qualifier }: EventAttributes): string {
  return `${accountId}/${region}/${functionName}/${qualifier ?? '$LATEST'}`;
}

export function parseAttributes(text: string): EventAttributes {
  return JSON.parse(text) as EventAttributes;
}

/** `note` is what the queue keeps: empty for an event that was not tried. */
export function parseProgress(note: string): EventProgress {
  return note === '' ? NOT_TRIED : (JSON.parse(note) as EventProgress);
}

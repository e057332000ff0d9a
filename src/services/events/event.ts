import { parseExact } from '../../core/exact-json.ts';

/** An event as EventBridge hands it on. Source: user guide, "EventBridge event message structure". */
export interface BridgeEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  /** Twelve digits. */
  readonly account: string;
  /** To the second, in UTC. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  /** Whole numbers that a double does not hold are there as they were written, see `parseExact`. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** Of an event that comes from an archive. */
  readonly 'replay-name'?: string;
}

/** From what was stored of it. */
export function parsedEvent(stored: Uint8Array): BridgeEvent {
  return parseExact(Buffer.from(stored).toString()) as BridgeEvent;
}

/** `2026-11-24T16:02:39Z`. */
export function eventTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** One log event; `timestampMs` is service time in epoch milliseconds. */
export interface LogEvent {
  readonly timestampMs: number;
  readonly message: string;
}

/**
 * Where environments write their logs. `append` never blocks, never throws and keeps order per
 * stream; the sink writes in groups soon after. Groups and streams are created as needed.
 */
export interface LogSink {
  append(address: LogStreamAddress, events: readonly LogEvent[]): void;
  /** Resolves when everything appended before is stored. */
  flush(): Promise<void>;
}

export interface LogStreamAddress {
  readonly accountId: string;
  readonly region: string;
  readonly group: string;
  readonly stream: string;
}

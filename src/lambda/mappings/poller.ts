/** What reads the source of a mapping, whatever kind that is of. */
export interface MappingPoller {
  start(): void;
  /** Resolves when nothing that comes from then on is missed; absent where that is so at once. */
  begun?(): Promise<void>;
  /** Takes no more, and resolves when what was taken has been dealt with. */
  stop(): Promise<void>;
  /** Takes no more, and resolves when what has been dealt with is stored; what is under way ends with the server. */
  abandon(): void | Promise<void>;
}

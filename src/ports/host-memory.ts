/** Memory that this server and its environments have together. */
export interface HostMemory {
  /** Cheap enough to be asked at every start of an environment. Undefined where the host does not say. */
  read(): MemoryReading | undefined;
}

/** Bytes. */
export interface MemoryReading {
  readonly total: number;
  /** What can be taken without anything being swapped out or killed. */
  readonly available: number;
}

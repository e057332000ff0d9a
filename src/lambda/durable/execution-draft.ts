/** A change of an execution while it is thought out: what it has touched is stored in one commit, or not at all. */
import type { DurableExecution, DurableOperation, EventDetails, StoredEvent } from './durable-execution.ts';

export class ExecutionDraft {
  readonly nowMs: number;
  readonly events: StoredEvent[] = [];
  readonly changed = new Map<string, DurableOperation>();
  /** Operations that something else than the function has changed. */
  readonly news = new Set<string>();
  private current: DurableExecution;
  private readonly before: ReadonlyMap<string, DurableOperation>;

  constructor(execution: DurableExecution, operations: ReadonlyMap<string, DurableOperation>, nowMs: number) {
    this.current = execution;
    this.before = operations;
    this.nowMs = nowMs;
  }

  get execution(): DurableExecution {
    return this.current;
  }

  operation(id: string): DurableOperation | undefined {
    return this.changed.get(id) ?? this.before.get(id);
  }

  /** Every operation as it is after the change, in no order. */
  *operations(): Generator<DurableOperation> {
    for (const [id, operation] of this.before) if (!this.changed.has(id)) yield operation;
    yield* this.changed.values();
  }

  set(change: Partial<DurableExecution>): void {
    this.current = { ...this.current, ...change };
  }

  begin(operation: Omit<DurableOperation, 'sequence' | 'startMs'>): DurableOperation {
    const sequence = this.current.operationCount + 1;
    this.set({ operationCount: sequence });
    const begun = { ...operation, sequence, startMs: this.nowMs };
    this.changed.set(begun.id, begun);
    return begun;
  }

  put(operation: DurableOperation): DurableOperation {
    this.changed.set(operation.id, operation);
    return operation;
  }

  /** The operation has ended. */
  close(
    operation: DurableOperation,
    end: Partial<DurableOperation> & Pick<DurableOperation, 'status'>,
  ): DurableOperation {
    const { dueMs: _, ...rest } = operation;
    return this.put({ ...rest, ...end, endMs: this.nowMs });
  }

  record(details: EventDetails): void {
    const eventId = this.current.eventCount + 1;
    this.set({ eventCount: eventId });
    this.events.push({ eventId, timeMs: this.nowMs, details });
  }

  /** An event about an operation. */
  recordOf(operation: DurableOperation, details: EventDetails): void {
    const { id, name, parentId, subType } = operation;
    this.record({
      ...details,
      Id: id,
      ...(name === undefined ? {} : { Name: name }),
      ...(parentId === undefined ? {} : { ParentId: parentId }),
      ...(subType === undefined ? {} : { SubType: subType }),
    });
  }
}

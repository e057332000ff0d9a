/** Durable executions on disk: every change in one commit, before anybody sees it. */
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import { storedRecords } from '../records/stored-records.ts';
import type {
  DurableExecution,
  DurableOperation,
  ExecutionSummary,
  StoredEvent,
} from './durable-execution.ts';
import type { ExecutionDraft } from './execution-draft.ts';

const EXECUTIONS = 'lambda.durable-execution';
const OPERATIONS = 'lambda.durable-operation';
const EVENTS = 'lambda.durable-event';

/** Digits of an event's number in its key, so that the order of keys is that of events. */
const EVENT_DIGITS = 12;

/** Records deleted at once. */
const PAGE = 1_000;

export class ExecutionStore {
  private readonly state: StateStore;

  constructor(state: StateStore) {
    this.state = state;
  }

  async *executions(): AsyncGenerator<DurableExecution> {
    for await (const { value } of storedRecords<DurableExecution>(this.state, EXECUTIONS)) yield value;
  }

  async execution(executionId: string): Promise<DurableExecution | undefined> {
    return (await this.state.get<DurableExecution>(EXECUTIONS, executionId))?.value;
  }

  async operations(executionId: string): Promise<DurableOperation[]> {
    const found: DurableOperation[] = [];
    const records = storedRecords<DurableOperation>(this.state, OPERATIONS, `${executionId}/`);
    for await (const { value } of records) found.push(value);
    return found;
  }

  async save({ execution, changed, events }: ExecutionDraft): Promise<void> {
    const { executionId } = execution;
    await this.state.commit([
      { table: EXECUTIONS, key: executionId, value: execution },
      ...[...changed.values()].map((operation) => ({
        table: OPERATIONS,
        key: `${executionId}/${operation.id}`,
        value: operation,
      })),
      ...events.map((event) => ({ table: EVENTS, key: eventKey(executionId, event.eventId), value: event })),
    ]);
  }

  /** Events beyond `afterId`, or with `reverse` before it; without it from the one end or the other. */
  async events(
    { executionId, eventCount }: ExecutionSummary,
    page: { readonly afterId: number | undefined; readonly reverse: boolean; readonly limit: number },
  ): Promise<StoredEvent[]> {
    const { afterId, reverse, limit } = page;
    const last = reverse ? (afterId ?? eventCount + 1) - 1 : undefined;
    // Numbers have no gaps, so the page that ends with one begins where it must.
    const from = last === undefined ? (afterId ?? 0) : Math.max(0, last - limit);
    const wanted = last === undefined ? limit : last - from;
    if (wanted <= 0) return [];
    const found = await this.state.list<StoredEvent>(EVENTS, {
      prefix: `${executionId}/`,
      after: eventKey(executionId, from),
      limit: wanted,
    });
    const events = found.map(({ value }) => value);
    return reverse ? events.reverse() : events;
  }

  /** Operations are of no use to an execution that has ended; its history stays. */
  removeOperations(executionId: string): Promise<void> {
    return this.removeAll(OPERATIONS, executionId);
  }

  async remove(executionId: string): Promise<void> {
    await this.removeOperations(executionId);
    await this.removeAll(EVENTS, executionId);
    await this.state.commit([{ table: EXECUTIONS, key: executionId, delete: true }]);
  }

  private async removeAll(table: string, executionId: string): Promise<void> {
    const writes: StateWrite[] = [];
    for await (const { key } of storedRecords(this.state, table, `${executionId}/`))
      writes.push({ table, key, delete: true });
    for (let from = 0; from < writes.length; from += PAGE)
      await this.state.commit(writes.slice(from, from + PAGE));
  }
}

function eventKey(executionId: string, eventId: number): string {
  return `${executionId}/${String(eventId).padStart(EVENT_DIGITS, '0')}`;
}

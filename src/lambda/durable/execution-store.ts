/** Durable executions on disk: every change in one commit, before anybody sees it. */
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import { storedRecords } from '../records/stored-records.ts';
import type {
  DurableExecution,
  DurableOperation,
  ExecutionSummary,
  StoredEvent,
} from './durable-execution.ts';
import type { ExecutionCipher } from './execution-cipher.ts';
import { opened, sealed } from './execution-cipher.ts';
import type { ExecutionDraft } from './execution-draft.ts';

const EXECUTIONS = 'lambda.durable-execution';
const OPERATIONS = 'lambda.durable-operation';
const EVENTS = 'lambda.durable-event';

/** Digits of an event's number in its key, so that the order of keys is that of events. */
const EVENT_DIGITS = 12;

/** Records deleted at once. */
const PAGE = 1_000;

export interface EventRange {
  readonly afterId: number | undefined;
  readonly reverse: boolean;
  readonly limit: number;
  /** What events carry is wanted, too. */
  readonly withData: boolean;
}

export class ExecutionStore {
  private readonly state: StateStore;
  private readonly cipher: ExecutionCipher;

  constructor(state: StateStore, cipher: ExecutionCipher) {
    this.state = state;
    this.cipher = cipher;
  }

  /** As they are stored: what they took and gave may be encrypted. */
  async *executions(): AsyncGenerator<DurableExecution> {
    for await (const { value } of storedRecords<DurableExecution>(this.state, EXECUTIONS)) yield value;
  }

  /** This and what else reads data throws KMS's refusals, as Lambda reports them. */
  async execution(executionId: string): Promise<DurableExecution | undefined> {
    const stored = (await this.state.get<DurableExecution>(EXECUTIONS, executionId))?.value;
    return stored && this.open(stored, stored);
  }

  async operations(execution: DurableExecution): Promise<DurableOperation[]> {
    const found: DurableOperation[] = [];
    const records = storedRecords<DurableOperation>(this.state, OPERATIONS, `${execution.executionId}/`);
    for await (const { value } of records) found.push(await this.open(execution, value));
    return found;
  }

  async save(draft: ExecutionDraft): Promise<void> {
    const { execution } = draft;
    await this.commit(draft, execution.key && (await this.cipher.open(execution, execution.key)));
  }

  /** The end of an execution, and what comes after it, also where its KMS key cannot be used any more. */
  async saveEnd(draft: ExecutionDraft): Promise<void> {
    const { key } = draft.execution;
    await this.commit(draft, key && this.cipher.lastKnown(key));
  }

  private async commit({ execution, changed, events }: ExecutionDraft, key: Uint8Array | undefined) {
    const { executionId } = execution;
    const kept = (value: unknown): unknown => (key === undefined ? value : sealed(value, key));
    await this.state.commit([
      { table: EXECUTIONS, key: executionId, value: kept(execution) },
      ...[...changed.values()].map((operation) => ({
        table: OPERATIONS,
        key: `${executionId}/${operation.id}`,
        value: kept(operation),
      })),
      ...events.map((event) => ({
        table: EVENTS,
        key: eventKey(executionId, event.eventId),
        value: kept(event),
      })),
    ]);
  }

  private async open<T>({ key, ...owner }: ExecutionSummary, value: T): Promise<T> {
    return key === undefined ? value : (opened(value, await this.cipher.open(owner, key)) as T);
  }

  /** Events beyond `afterId`, or with `reverse` before it; without it from the one end or the other. */
  async events(execution: ExecutionSummary, page: EventRange): Promise<StoredEvent[]> {
    const { executionId, eventCount } = execution;
    const { afterId, reverse, limit, withData } = page;
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
    const events: StoredEvent[] = [];
    for (const { value } of found) events.push(withData ? await this.open(execution, value) : value);
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

/** Archives of buses, and the events that they keep: by the times of the events, on disk before these are accepted. */
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { EventPattern } from '../../core/event-pattern/event-pattern.ts';
import { parseEventPattern } from '../../core/event-pattern/event-pattern.ts';
import { Turns } from '../../core/turns.ts';
import type { EventPage, EventPosition, EventQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { ArchiveAddress, ArchiveRecord } from './archive-record.ts';
import { archiveKey } from './archive-record.ts';
import type { BusAddress } from './bus-record.ts';
import { busKey } from './bus-record.ts';
import type { BridgeEvent } from './event.ts';
import { resourceNotFound } from './events-errors.ts';

const TABLE = 'events.archives';
const DAY_MS = 86_400_000;
const PAGE_EVENTS = 100;
const PAGE_BYTES = 4 * 1024 * 1024;
/** Where a disk has refused, it is asked again this much later. */
const EXPIRE_AGAIN_MS = 60_000;

export interface ArchivesDependencies {
  readonly state: StateStore;
  /** Queues of its own. */
  readonly archived: EventQueue;
  readonly clock: WorkClock;
  readonly log: Log;
}

export interface ArchivedRange {
  /** Times of events, inclusive and exclusive, epoch milliseconds. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Only events behind this one. */
  readonly after?: EventPosition | undefined;
}

export class Archives {
  private readonly deps: ArchivesDependencies;
  private readonly records: StoredRecords<ArchiveRecord>;
  private readonly patterns = new WeakMap<ArchiveRecord, EventPattern>();
  private readonly drops = new Turns();
  private readonly work: ClockedWork;
  private timer: Timer | undefined;
  private isClosed = false;

  private constructor(deps: ArchivesDependencies, records: StoredRecords<ArchiveRecord>) {
    this.deps = deps;
    this.records = records;
    this.work = new ClockedWork(deps.clock);
  }

  static async open(deps: ArchivesDependencies): Promise<Archives> {
    return new Archives(deps, await StoredRecords.open(deps.state, TABLE));
  }

  /** Looks for events that are older than they are to become, now and every day of service time. */
  begin(): void {
    this.expireAt(this.deps.clock.now());
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.work.ended();
  }

  find(address: ArchiveAddress): ArchiveRecord | undefined {
    return this.records.get(archiveKey(address));
  }

  /** In the order of their names. */
  of({ accountId, region }: Pick<ArchiveAddress, 'accountId' | 'region'>): ArchiveRecord[] {
    return this.records.list(`${accountId}/${region}/`);
  }

  /** `change` sees the archive as it is by then, undefined for none. */
  create(address: ArchiveAddress, change: (known: ArchiveRecord | undefined) => ArchiveRecord) {
    return this.records.change(archiveKey(address), change);
  }

  /** Throws `ResourceNotFoundException` where there is none by then. */
  async update(address: ArchiveAddress, change: (archive: ArchiveRecord) => ArchiveRecord) {
    const changed = await this.records.change(archiveKey(address), (archive) => {
      if (archive === undefined) throw resourceNotFound(`Archive ${address.name}`);
      return change(archive);
    });
    return changed!;
  }

  /** With its events; those that a crash in between leaves go with what is too old. */
  async remove(address: ArchiveAddress): Promise<void> {
    let removed: ArchiveRecord | undefined;
    await this.records.change(archiveKey(address), (archive) => {
      if (archive === undefined) throw resourceNotFound(`Archive ${address.name}`);
      removed = archive;
      return undefined;
    });
    await this.drop(removed!.id, Number.MAX_SAFE_INTEGER);
  }

  /** Keeps an event in every archive of its bus that is for it. A replayed event is there already. */
  async keep(bus: BusAddress, event: BridgeEvent): Promise<void> {
    if (event['replay-name'] !== undefined) return;
    const key = busKey(bus);
    const wanting = this.records
      .list(`${bus.accountId}/${bus.region}/`)
      .filter((archive) => busKey(archive.bus) === key && this.patternOf(archive)(event));
    if (wanting.length === 0) return;
    const kept = {
      dueMs: Date.parse(event.time),
      attributes: '{}',
      payload: Buffer.from(JSON.stringify(event)),
    };
    await Promise.all(wanting.map(({ id }) => this.deps.archived.append({ ...kept, queue: id })));
  }

  /** A page of events in the order of their times. */
  read(id: string, { fromMs, untilMs, after }: ArchivedRange): Promise<EventPage> {
    return this.deps.archived.read(id, {
      after: after ?? { dueMs: fromMs - 1, id: Number.MAX_SAFE_INTEGER },
      untilMs: untilMs - 1,
      maxEvents: PAGE_EVENTS,
      maxBytes: PAGE_BYTES,
    });
  }

  /** What an archive holds. AWS tells it a day late at most. */
  async totals({ id }: ArchiveRecord): Promise<{ readonly EventCount: number; readonly SizeBytes: number }> {
    let [count, bytes] = [0, 0];
    for (let after: EventPosition | undefined; ; ) {
      const part = await this.deps.archived.measure(id, after);
      count += part.events;
      bytes += part.bytes;
      if (part.last === undefined) return { EventCount: count, SizeBytes: bytes };
      after = part.last;
    }
  }

  private patternOf(archive: ArchiveRecord): EventPattern {
    const known = this.patterns.get(archive);
    if (known !== undefined) return known;
    const pattern = archive.pattern === undefined ? () => true : parseEventPattern(archive.pattern);
    this.patterns.set(archive, pattern);
    return pattern;
  }

  private expireAt(dueMs: number): void {
    if (this.isClosed) return;
    this.timer = this.deps.clock.at(dueMs, () => this.work.run(() => this.expire()));
  }

  private async expire(): Promise<void> {
    const { clock, log } = this.deps;
    let againMs = DAY_MS;
    try {
      for (const archive of this.records.list().filter(({ retentionDays }) => retentionDays > 0))
        await this.drop(archive.id, clock.now() - archive.retentionDays * DAY_MS);
      const known = new Set(this.records.list().map(({ id }) => id));
      for (const { queue } of await this.deps.archived.waiting())
        if (!known.has(queue)) await this.drop(queue, Number.MAX_SAFE_INTEGER);
    } catch (error) {
      log.error({ error: String(error) }, 'Events of archives could not be removed.');
      againMs = EXPIRE_AGAIN_MS;
    }
    this.expireAt(clock.now() + againMs);
  }

  /** Removes events with times up to `untilMs`; once, where two ask for it at the same time. */
  private drop(id: string, untilMs: number): Promise<void> {
    const { archived } = this.deps;
    return this.drops.run(id, async () => {
      for (;;) {
        const { events } = await archived.read(id, { untilMs, maxEvents: PAGE_EVENTS, maxBytes: PAGE_BYTES });
        if (events.length === 0) return;
        await Promise.all(events.map((event) => archived.remove(id, event)));
      }
    });
  }
}

import type { EventPattern } from '../../core/event-pattern/event-pattern.ts';
import { parseEventPattern } from '../../core/event-pattern/event-pattern.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { BusAddress } from './bus-record.ts';
import { busKey } from './bus-record.ts';
import { ruleNotFound } from './events-errors.ts';
import type { RuleRecord } from './rule-record.ts';
import { ruleKey } from './rule-record.ts';

const TABLE = 'events.rules';

interface Matcher {
  readonly rule: RuleRecord;
  readonly matches: EventPattern;
}

export class Rules {
  private readonly records: StoredRecords<RuleRecord>;
  /** Rules with patterns that are enabled, by bus; made when an event comes, and anew after a change. */
  private readonly matchers = new Map<string, readonly Matcher[]>();
  private listener: (key: string, rule: RuleRecord | undefined) => void = () => {};

  private constructor(records: StoredRecords<RuleRecord>) {
    this.records = records;
  }

  static async open(state: StateStore): Promise<Rules> {
    return new Rules(await StoredRecords.open(state, TABLE));
  }

  /** Tells of every rule there is, and from then on of every change; undefined: it is gone. */
  listen(listener: (key: string, rule: RuleRecord | undefined) => void): void {
    this.listener = listener;
    for (const rule of this.records.list()) listener(ruleKey(rule.bus, rule.name), rule);
  }

  find(bus: BusAddress, name: string): RuleRecord | undefined {
    return this.records.get(ruleKey(bus, name));
  }

  /** Of one bus, in the order of their names. */
  of(bus: BusAddress): RuleRecord[] {
    return this.records.list(`${busKey(bus)}/`);
  }

  /** Those of a bus that let the event through. */
  matching(bus: BusAddress, event: object): RuleRecord[] {
    return this.matchersOf(bus).flatMap(({ rule, matches }) => (matches(event) ? [rule] : []));
  }

  async put(
    bus: BusAddress,
    name: string,
    change: (rule: RuleRecord | undefined) => RuleRecord | undefined,
  ): Promise<RuleRecord | undefined> {
    const key = ruleKey(bus, name);
    const rule = await this.records.change(key, change);
    this.matchers.delete(busKey(bus));
    this.listener(key, rule);
    return rule;
  }

  /** Throws `ResourceNotFoundException` where there is none by then. */
  async update(
    { bus, name }: Pick<RuleRecord, 'bus' | 'name'>,
    change: (rule: RuleRecord) => RuleRecord,
  ): Promise<RuleRecord> {
    const rule = await this.put(bus, name, (known) => {
      if (known === undefined) throw ruleNotFound(name, bus.name);
      return change(known);
    });
    return rule!;
  }

  private matchersOf(bus: BusAddress): readonly Matcher[] {
    const key = busKey(bus);
    const known = this.matchers.get(key);
    if (known !== undefined) return known;
    const made = this.of(bus).flatMap((rule) =>
      rule.state === 'ENABLED' && rule.pattern !== undefined
        ? [{ rule, matches: parseEventPattern(rule.pattern) }]
        : [],
    );
    this.matchers.set(key, made);
    return made;
  }
}

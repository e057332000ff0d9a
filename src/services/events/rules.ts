import type { EventPattern } from '../../core/event-pattern/event-pattern.ts';
import { parseEventPattern } from '../../core/event-pattern/event-pattern.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { BusAddress } from './bus-record.ts';
import { busKey } from './bus-record.ts';
import { ruleNotFound } from './events-errors.ts';
import type { RuleRecord } from './rule-record.ts';
import { ruleKey } from './rule-record.ts';
import { StoredRecords } from './stored-records.ts';

const TABLE = 'events.rules';

export class Rules {
  private readonly records: StoredRecords<RuleRecord>;
  /** Compiled from the text of a rule's pattern; a rule that is changed has another record. */
  private readonly patterns = new WeakMap<RuleRecord, EventPattern>();
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
    return this.of(bus).filter((rule) => rule.state === 'ENABLED' && this.patternOf(rule)?.(event) === true);
  }

  async put(
    bus: BusAddress,
    name: string,
    change: (rule: RuleRecord | undefined) => RuleRecord | undefined,
  ): Promise<RuleRecord | undefined> {
    const key = ruleKey(bus, name);
    const rule = await this.records.change(key, change);
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

  private patternOf(rule: RuleRecord): EventPattern | undefined {
    if (rule.pattern === undefined) return undefined;
    const known = this.patterns.get(rule);
    if (known !== undefined) return known;
    const pattern = parseEventPattern(rule.pattern);
    this.patterns.set(rule, pattern);
    return pattern;
  }
}

import type { BusAddress } from './bus-record.ts';
import type { Deliveries, Passed } from './deliveries.ts';
import type { BridgeEvent } from './event.ts';
import { ruleArn } from './rule-record.ts';
import type { Rules } from './rules.ts';

/** Who else is told of the events of a bus, for example an archive. */
export type EventListener = (bus: BusAddress, event: BridgeEvent) => Promise<void>;

/** What is to be done with an event otherwise than handing it to every rule. */
export interface Routing extends Passed {
  /** Only these rules are asked. */
  readonly ruleArns?: readonly string[];
}

/** Finds the rules that an event is for, and hands it to the deliveries of their targets. */
export class EventRouter {
  private readonly rules: Rules;
  private readonly deliveries: Deliveries;
  private readonly listeners: EventListener[] = [];

  constructor(rules: Rules, deliveries: Deliveries) {
    this.rules = rules;
    this.deliveries = deliveries;
  }

  listen(listener: EventListener): void {
    this.listeners.push(listener);
  }

  /** What it is to reach is on disk when it resolves. */
  async accept(bus: BusAddress, event: BridgeEvent, { ruleArns, ...passed }: Routing = {}): Promise<void> {
    await Promise.all([
      ...this.listeners.map((listener) => listener(bus, event)),
      ...this.rules
        .matching(bus, event)
        .filter((rule) => ruleArns === undefined || ruleArns.includes(ruleArn(rule)))
        .flatMap((rule) => rule.targets.map((target) => this.deliveries.send(rule, target, event, passed))),
    ]);
  }
}

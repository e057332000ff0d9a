import { EventPatternError, parseEventPattern } from '../../core/event-pattern/event-pattern.ts';
import { DEFAULT_BUS } from './bus-record.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { busOf, ruleOf } from './events-context.ts';
import { invalid, invalidParameter, invalidPattern, limitExceeded, notImplemented } from './events-errors.ts';
import { pageOf } from './page.ts';
import type { RuleRecord } from './rule-record.ts';
import { ruleArn } from './rule-record.ts';
import { firstDueMs, parsedSchedule } from './rule-schedule.ts';
import { tagsOf } from './tag-operations.ts';

/** Source: "Amazon EventBridge quotas", per bus. */
const MAX_RULES = 300;

type RuleOperations = Required<
  Pick<
    EventsOperations,
    | 'PutRule'
    | 'DescribeRule'
    | 'DeleteRule'
    | 'EnableRule'
    | 'DisableRule'
    | 'ListRules'
    | 'ListRuleNamesByTarget'
    | 'TestEventPattern'
  >
>;

export function ruleOperations(events: EventsContext): RuleOperations {
  const { rules, clock } = events;
  return {
    async PutRule(input, caller) {
      const { accountId, region, name: busName } = busOf(events, input.EventBusName, caller);
      const bus = { accountId, region, name: busName };
      const { Name: name = '', EventPattern: pattern, ScheduleExpression: schedule, State: state } = input;
      if (state !== undefined && state !== 'ENABLED' && state !== 'DISABLED')
        throw notImplemented(`rules in the state ${state}`);
      if (!pattern && !schedule)
        throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
      if (pattern) compiledPattern(pattern);
      if (schedule) checkSchedule(schedule, busName);
      const nowMs = clock.now();
      const rule = await rules.put(bus, name, (known) => {
        if (known === undefined && rules.of(bus).length >= MAX_RULES) throw limitExceeded();
        const sinceMs =
          known?.schedule === schedule && known?.scheduledSinceMs !== undefined
            ? known.scheduledSinceMs
            : nowMs;
        return scheduled(
          {
            bus,
            name,
            state: state ?? 'ENABLED',
            targets: known?.targets ?? [],
            // Recorded by users: those of a rule that is there stay as they are.
            tags: known?.tags ?? tagsOf(input.Tags),
            ...(input.Description === undefined ? {} : { description: input.Description }),
            ...(input.RoleArn === undefined ? {} : { roleArn: input.RoleArn }),
            ...(pattern ? { pattern } : {}),
            ...(schedule ? { schedule, scheduledSinceMs: sinceMs } : {}),
          },
          nowMs,
        );
      });
      return { RuleArn: ruleArn(rule!) };
    },

    async DescribeRule(input, caller) {
      const rule = ruleOf(events, input, input.Name, caller);
      return { ...shownRule(rule), CreatedBy: rule.bus.accountId };
    },

    async DeleteRule(input, caller) {
      const bus = busOf(events, input.EventBusName, caller);
      await rules.put(bus, input.Name!, (rule) => {
        if (rule !== undefined && rule.targets.length > 0)
          throw invalid("Rule can't be deleted since it has targets.");
        return undefined;
      });
      return {};
    },

    async EnableRule(input, caller) {
      const rule = ruleOf(events, input, input.Name, caller);
      await rules.update(rule, (known) => scheduled({ ...known, state: 'ENABLED' }, clock.now()));
      return {};
    },

    async DisableRule(input, caller) {
      const rule = ruleOf(events, input, input.Name, caller);
      await rules.update(rule, (known) => scheduled({ ...known, state: 'DISABLED' }, clock.now()));
      return {};
    },

    async ListRules(input, caller) {
      const bus = busOf(events, input.EventBusName, caller);
      const found = rules.of(bus).filter(({ name }) => name.startsWith(input.NamePrefix ?? ''));
      const { items, ...next } = pageOf(found, input, ({ name }) => name);
      return { Rules: items.map(shownRule), ...next };
    },

    async ListRuleNamesByTarget(input, caller) {
      const bus = busOf(events, input.EventBusName, caller);
      const found = rules.of(bus).filter(({ targets }) => targets.some(({ Arn }) => Arn === input.TargetArn));
      const { items, ...next } = pageOf(found, input, ({ name }) => name);
      return { RuleNames: items.map(({ name }) => name), ...next };
    },

    async TestEventPattern(input) {
      const event = testEvent(input.Event ?? '');
      return { Result: compiledPattern(input.EventPattern ?? '')(event) };
    },
  };
}

/** With its next due time, where it has a schedule and is enabled. */
export function scheduled({ nextMs: _, ...rule }: RuleRecord, afterMs: number): RuleRecord {
  const nextMs = firstDueMs(rule, afterMs);
  return nextMs === undefined ? rule : { ...rule, nextMs };
}

/** Throws `InvalidEventPatternException`. */
export function compiledPattern(pattern: string) {
  try {
    return parseEventPattern(pattern);
  } catch (error) {
    if (error instanceof EventPatternError) throw invalidPattern(error.message);
    throw error;
  }
}

function checkSchedule(schedule: string, bus: string): void {
  if (bus !== DEFAULT_BUS) throw invalid('ScheduleExpression is supported only on the default event bus.');
  if (parsedSchedule(schedule) === undefined) throw invalidParameter('ScheduleExpression');
}

/** Members that an event has to have. Source: API reference of TestEventPattern. */
const REQUIRED = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'];

function testEvent(text: string): object {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    throw invalidParameter('Event');
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw invalidParameter('Event');
  if (REQUIRED.some((name) => !Object.hasOwn(event, name))) throw invalidParameter('Event');
  return event;
}

function shownRule(rule: RuleRecord) {
  return {
    Name: rule.name,
    Arn: ruleArn(rule),
    State: rule.state,
    EventBusName: rule.bus.name,
    ...(rule.pattern === undefined ? {} : { EventPattern: rule.pattern }),
    ...(rule.schedule === undefined ? {} : { ScheduleExpression: rule.schedule }),
    ...(rule.description === undefined ? {} : { Description: rule.description }),
    ...(rule.roleArn === undefined ? {} : { RoleArn: rule.roleArn }),
  };
}

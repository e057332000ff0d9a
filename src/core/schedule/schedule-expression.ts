/** `rate(…)`, `cron(…)` and `at(…)`: when something is due. Source: EventBridge and EventBridge Scheduler user guides. */
import { CronExpression } from './cron-expression.ts';
import { epochOf, isTimeZone } from './zoned-time.ts';

export interface Schedule {
  readonly kind: 'rate' | 'cron' | 'at';
  /** The first time after `afterMs`, epoch milliseconds; undefined where none comes any more. A rate counts from `originMs`. */
  next(afterMs: number, originMs: number): number | undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const FORM = /^(rate|cron|at)\((.*)\)$/;

/** Throws `RangeError` that says what is wrong. */
export function parseSchedule(expression: string, zone = 'UTC'): Schedule {
  if (!isTimeZone(zone)) throw new RangeError(`'${zone}' is not a time zone`);
  const [, kind, inside = ''] = FORM.exec(expression.trim()) ?? [];
  switch (kind) {
    case 'rate': {
      const periodMs = ratePeriodMs(inside);
      return {
        kind,
        next: (afterMs, originMs) =>
          originMs + (Math.floor(Math.max(0, afterMs - originMs) / periodMs) + 1) * periodMs,
      };
    }
    case 'cron': {
      const cron = new CronExpression(inside);
      return { kind, next: (afterMs) => cron.next(afterMs, zone) };
    }
    case 'at': {
      const atMs = atTime(inside, zone);
      return { kind, next: (afterMs) => (atMs > afterMs ? atMs : undefined) };
    }
    default:
      throw new RangeError(`'${expression}' is none of rate(…), cron(…) and at(…)`);
  }
}

/** `1 minute`, `5 minutes`: AWS is strict about the plural. */
function ratePeriodMs(text: string): number {
  const [, amountText = '', unit = '', plural] = /^(\d+) (minute|hour|day)(s?)$/.exec(text) ?? [];
  const amount = Number(amountText);
  if (amountText === '' || amount < 1 || (amount === 1) === (plural === 's'))
    throw new RangeError(`'${text}' is no rate such as 1 minute or 5 minutes`);
  return amount * UNIT_MS[unit]!;
}

function atTime(text: string, zone: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/.exec(text);
  if (match === null) throw new RangeError(`'${text}' is no time such as 2026-01-31T08:30:00`);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // `Date.UTC` takes the 31st of February for a day in March.
  const isDate = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
    .toISOString()
    .startsWith(text);
  const ms = isDate ? epochOf({ year, month, day, hour, minute }, zone) : undefined;
  if (ms === undefined) throw new RangeError(`there is no ${text} in ${zone}`);
  return ms + second * 1_000;
}

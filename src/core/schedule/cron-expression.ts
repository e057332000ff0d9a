/**
 * `cron(minutes hours day-of-month month day-of-week year)` in AWS's dialect: Sunday is 1, one of the two days is
 * `?`, with `L`, `W` and `#`. Source: EventBridge user guide, "Cron expressions reference".
 */
import type { FieldRange } from './cron-field.ts';
import { fieldValue, fieldValues, wrong } from './cron-field.ts';
import { dayOfWeek, daysIn, epochOf, wallTime } from './zoned-time.ts';

const MINUTES: FieldRange = { name: 'minute', min: 0, max: 59 };
const HOURS: FieldRange = { name: 'hour', min: 0, max: 23 };
const DAYS: FieldRange = { name: 'day of the month', min: 1, max: 31 };
const MONTHS: FieldRange = {
  name: 'month',
  min: 1,
  max: 12,
  names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
};
const WEEKDAYS: FieldRange = {
  name: 'day of the week',
  min: 1,
  max: 7,
  names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
};
const YEARS: FieldRange = { name: 'year', min: 1970, max: 2199 };

const [SUNDAY, SATURDAY] = [1, 7];
const DAYS_PER_WEEK = 7;

/** The days of a month that are meant, in order. */
type DaysOf = (year: number, month: number) => number[];

export class CronExpression {
  private readonly minutes: readonly number[];
  private readonly hours: readonly number[];
  private readonly months: readonly number[];
  private readonly years: readonly number[];
  private readonly daysOf: DaysOf;

  /** `fields` is what stands between the parentheses. Throws `RangeError` that says what is wrong. */
  constructor(fields: string) {
    const parts = fields.trim().split(/\s+/);
    if (parts.length !== 6)
      throw new RangeError(`a cron expression has six fields, and '${fields}' has ${parts.length}`);
    const [minutes, hours, day, month, weekday, year] = parts as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if ((day === '?') === (weekday === '?'))
      throw new RangeError(`one of day of the month and day of the week is ?, in '${fields}'`);
    this.minutes = fieldValues(minutes, MINUTES);
    this.hours = fieldValues(hours, HOURS);
    this.months = fieldValues(month, MONTHS);
    this.years = fieldValues(year, YEARS);
    this.daysOf = weekday === '?' ? daysOfMonth(day) : daysOfWeek(weekday);
  }

  /** The first time after `afterMs`, epoch milliseconds; undefined where there is none any more. */
  next(afterMs: number, zone: string): number | undefined {
    const start = wallTime(afterMs, zone);
    for (const year of this.years) {
      if (year < start.year) continue;
      for (const month of this.months) {
        if (year === start.year && month < start.month) continue;
        for (const day of this.daysOf(year, month)) {
          if (year === start.year && month === start.month && day < start.day) continue;
          const isStart = year === start.year && month === start.month && day === start.day;
          const found = this.nextOn({ year, month, day }, isStart ? start.hour : 0, afterMs, zone);
          if (found !== undefined) return found;
        }
      }
    }
    return undefined;
  }

  private nextOn(
    date: { readonly year: number; readonly month: number; readonly day: number },
    fromHour: number,
    afterMs: number,
    zone: string,
  ): number | undefined {
    for (const hour of this.hours) {
      if (hour < fromHour) continue;
      for (const minute of this.minutes) {
        // What the clock was set forward over does not come.
        const ms = epochOf({ ...date, hour, minute }, zone);
        if (ms !== undefined && ms > afterMs) return ms;
      }
    }
    return undefined;
  }
}

function daysOfMonth(text: string): DaysOf {
  if (text === 'L') return (year, month) => [daysIn(year, month)];
  if (text === 'LW') return (year, month) => [nearestWeekday(year, month, daysIn(year, month))];
  const [, before] = /^L-(\d+)$/.exec(text) ?? [];
  if (before !== undefined)
    return (year, month) => [daysIn(year, month) - Number(before)].filter((day) => day > 0);
  const [, near] = /^(\d+)W$/.exec(text) ?? [];
  if (near !== undefined) {
    const day = fieldValue(near, DAYS);
    if (day === undefined) throw wrong(text, DAYS);
    return (year, month) => (day > daysIn(year, month) ? [] : [nearestWeekday(year, month, day)]);
  }
  const days = fieldValues(text, DAYS);
  return (year, month) => days.filter((day) => day <= daysIn(year, month));
}

/** The day itself, or the Monday to Friday next to it within the month. */
function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = dayOfWeek(year, month, day);
  if (weekday === SATURDAY) return day === 1 ? day + 2 : day - 1;
  if (weekday === SUNDAY) return day === daysIn(year, month) ? day - 2 : day + 1;
  return day;
}

function daysOfWeek(text: string): DaysOf {
  const [, named, nth] = /^(.+)#(\d)$/.exec(text) ?? [];
  if (named !== undefined) {
    const weekday = fieldValue(named, WEEKDAYS);
    const place = Number(nth);
    if (weekday === undefined || place < 1 || place > 5) throw wrong(text, WEEKDAYS);
    return (year, month) => weekdaysOf(year, month, [weekday]).slice(place - 1, place);
  }
  if (text === 'L') return (year, month) => weekdaysOf(year, month, [SATURDAY]);
  const [, last] = /^(.+)L$/.exec(text) ?? [];
  if (last !== undefined) {
    const weekday = fieldValue(last, WEEKDAYS);
    if (weekday === undefined) throw wrong(text, WEEKDAYS);
    return (year, month) => weekdaysOf(year, month, [weekday]).slice(-1);
  }
  const weekdays = fieldValues(text, WEEKDAYS);
  return (year, month) => weekdaysOf(year, month, weekdays);
}

function weekdaysOf(year: number, month: number, weekdays: readonly number[]): number[] {
  const first = dayOfWeek(year, month, 1);
  const days: number[] = [];
  for (let day = 1; day <= daysIn(year, month); day += 1)
    if (weekdays.includes(((first + day - 2) % DAYS_PER_WEEK) + 1)) days.push(day);
  return days;
}

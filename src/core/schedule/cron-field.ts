/** One field of a cron expression: which numbers it lets through. */

export interface FieldRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for numbers, from `min` on. */
  readonly names?: readonly string[];
}

/** In order. Throws `RangeError` for what is no list of numbers, names, ranges and steps. */
export function fieldValues(text: string, range: FieldRange): readonly number[] {
  const values = new Set<number>();
  for (const part of text.split(',')) for (const value of partValues(part, range)) values.add(value);
  return [...values].sort((a, b) => a - b);
}

function partValues(part: string, range: FieldRange): number[] {
  const [span = '', stepText, ...more] = part.split('/');
  const step = stepText === undefined ? 1 : Number(stepText);
  if (more.length > 0 || !Number.isInteger(step) || step < 1) throw wrong(part, range);
  const [from, to] = bounds(span, stepText !== undefined, part, range);
  const values: number[] = [];
  if (from <= to) for (let value = from; value <= to; value += step) values.push(value);
  // A range that runs over the end goes on at the beginning: FRI-MON.
  else
    for (let value = from; value <= to + size(range); value += step)
      values.push(value > range.max ? value - size(range) : value);
  return values;
}

function bounds(span: string, hasStep: boolean, part: string, range: FieldRange): [number, number] {
  if (span === '*') return [range.min, range.max];
  const [first = '', second, ...more] = span.split('-');
  const from = fieldValue(first, range);
  const to = second === undefined ? (hasStep ? range.max : from) : fieldValue(second, range);
  if (more.length > 0 || from === undefined || to === undefined) throw wrong(part, range);
  return [from, to];
}

/** A number or name of the field; undefined for anything else. */
export function fieldValue(text: string, { min, max, names }: FieldRange): number | undefined {
  const index = names?.indexOf(text.toUpperCase()) ?? -1;
  if (index >= 0) return min + index;
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function size({ min, max }: FieldRange): number {
  return max - min + 1;
}

export function wrong(text: string, { name, min, max }: FieldRange): RangeError {
  return new RangeError(
    `'${text}' is not a ${name} from ${min} to ${max}, nor a list, range or step of such`,
  );
}

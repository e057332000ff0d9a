import type { TimestampFormat } from '../model/model-file.ts';
import { serializationError } from './serialization-error.ts';

/** ISO 8601 with milliseconds only where there are some, as AWS writes it. */
export function formatTimestamp(value: Date | number | string, format: TimestampFormat): string | number {
  const date = value instanceof Date ? value : new Date(value);
  switch (format) {
    case 'unixTimestamp':
      return date.getTime() / 1_000;
    case 'rfc822':
      return date.toUTCString();
    case 'iso8601':
      return date.toISOString().replace('.000Z', 'Z');
  }
}

/** Any of the three forms: clients and models disagree too often to refuse one that is clear. */
export function parseTimestamp(text: string): Date {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  const date = new Date(Number.isNaN(number) ? text : number * 1_000);
  if (Number.isNaN(date.getTime())) throw serializationError(`Unable to parse date: ${text}`);
  return date;
}

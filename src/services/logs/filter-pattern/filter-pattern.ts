/**
 * The filter pattern language of CloudWatch Logs, as its user guide describes it: terms, JSON
 * selectors in braces, columns in brackets, regular expressions between percent signs.
 */
import { compileColumns } from './columns.ts';
import { compileJsonPattern } from './json-pattern.ts';
import type { LogEventFilter } from './log-event-filter.ts';
import { compileTerms } from './terms.ts';

/** Throws `InvalidParameterException`. An absent or blank pattern matches everything. */
export function compileFilterPattern(pattern: string | undefined): LogEventFilter {
  const trimmed = pattern?.trim() ?? '';
  if (trimmed.startsWith('{')) return compileJsonPattern(trimmed);
  if (trimmed.startsWith('[')) return compileColumns(trimmed);
  return compileTerms(trimmed);
}

/** What a target is given of an event. Source: user guide, "Input transformation"; words as recorded for "TestInputTransformer". */

import type { BridgeEvent } from './event.ts';
import { invalid } from './events-errors.ts';
import type { RuleTarget } from './rule-record.ts';

/** Source: API reference of InputTransformer. */
const MAX_PATHS = 100;
const PLACEHOLDER = /<([A-Za-z0-9_.-]+)>/g;
type Json = Readonly<Record<string, unknown>>;

const JSON_PATH = /^\$(?:\.[A-Za-z0-9_-]+(?:\[\d+\])*|\[\d+\]|\['[^']*'\])*$/;

export interface RuleName {
  readonly arn: string;
  readonly name: string;
}

/** Throws `ValidationException` where the three are not one, or the template names what is not there. */
export function checkInput(target: RuleTarget): void {
  const { Id: id, Input, InputPath, InputTransformer: transformer } = target;
  const given = [Input, InputPath, transformer].filter((part) => part !== undefined);
  if (given.length > 1)
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${id}.`);
  if (Input !== undefined && !isJson(Input)) throw invalid(`JSON syntax error in input for target ${id}`);
  const paths = Object.entries(transformer?.InputPathsMap ?? {});
  if (paths.length > MAX_PATHS) throw invalid(`InputPathsMap for target ${id} has too many entries.`);
  for (const path of [...(InputPath === undefined ? [] : [InputPath]), ...paths.map(([, path]) => path)])
    if (!JSON_PATH.test(path)) throw invalid(`Invalid JSON path ${path} for target ${id}.`);
  const names = new Set(paths.map(([name]) => name));
  for (const [, name = ''] of (transformer?.InputTemplate ?? '').matchAll(PLACEHOLDER))
    if (!names.has(name) && !PREDEFINED.has(name))
      throw invalid(`InputTemplate for target ${id} contains invalid placeholder ${name}.`);
}

/** The text that arrives. */
export function targetInput(
  target: RuleTarget,
  rule: RuleName,
  event: BridgeEvent,
  ingestedMs: number,
): string {
  const { Input, InputPath, InputTransformer: transformer } = target;
  if (Input !== undefined) return Input;
  if (InputPath !== undefined) return JSON.stringify(valueAt(event, InputPath) ?? null);
  if (transformer === undefined) return JSON.stringify(event);
  const values = new Map<string, unknown>(
    Object.entries(transformer.InputPathsMap ?? {}).map(([name, path]) => [name, valueAt(event, path)]),
  );
  for (const [name, value] of predefined(rule, event, ingestedMs)) values.set(name, value);
  return filled(transformer.InputTemplate ?? '', values);
}

const PREDEFINED = new Set([
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  'aws.events.event.json',
]);

function predefined({ arn, name }: RuleName, event: BridgeEvent, ingestedMs: number): [string, unknown][] {
  // Recorded: the event without its detail, and with one name in another form.
  const { detail: _detail, 'detail-type': detailType, ...others } = event;
  return [
    ['aws.events.rule-arn', arn],
    ['aws.events.rule-name', name],
    ['aws.events.event.ingestion-time', new Date(ingestedMs).toISOString()],
    ['aws.events.event', { ...others, detailType }],
    ['aws.events.event.json', event],
  ];
}

/**
 * The template with values in the place of names: inside quotes as text, elsewhere as JSON. What is not there
 * becomes empty text. A template of several lines arrives without the blanks around its lines.
 */
function filled(template: string, values: ReadonlyMap<string, unknown>): string {
  let text = '';
  let end = 0;
  let isQuoted = false;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const before = template.slice(end, match.index);
    isQuoted = quotesToggle(before, isQuoted);
    const value = values.get(match[1]!);
    text += before + (isQuoted ? quotedText(value) : plainText(value));
    end = match.index + match[0].length;
  }
  return (text + template.slice(end)).trim();
}

function quotesToggle(text: string, isQuoted: boolean): boolean {
  return (text.replaceAll(/\\./g, '').split('"').length - 1) % 2 === 0 ? isQuoted : !isQuoted;
}

function quotedText(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
}

/** Texts come with their quotes, so that what is made of a JSON template is JSON. */
function plainText(value: unknown): string {
  return value === undefined ? '""' : JSON.stringify(value);
}

/** The value at a JSON path of names and indices; undefined for none. */
export function valueAt(event: object, path: string): unknown {
  let value: unknown = event;
  for (const [, name, index, quoted] of path
    .slice(1)
    .matchAll(/\.([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']*)'\]/g)) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (index !== undefined) value = Array.isArray(value) ? value[Number(index)] : undefined;
    else value = Object.hasOwn(value, name ?? quoted!) ? (value as Json)[name ?? quoted!] : undefined;
  }
  return value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

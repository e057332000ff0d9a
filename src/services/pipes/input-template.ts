/**
 * Input templates: text or JSON with `<$.path>` and `<aws.pipes.…>` in it. Source: user guide, "EventBridge Pipes input
 * transformation".
 */
import { valueAt } from './json-path.ts';
import { decodedEvent } from './pipe-event.ts';
import type { PipeRecord } from './pipe-record.ts';
import { pipeArn } from './pipe-record.ts';

const PLACEHOLDER = /<(\$[^<>]*|aws\.pipes\.[a-z.-]+)>/y;

/** A name that AWS does not have stays as it is. */
type Variables = Readonly<Record<string, unknown>>;

/** What stands for an event: the template with everything in its place, or the event itself as JSON. */
export function rendered(
  template: string | undefined,
  event: unknown,
  pipe: PipeRecord,
  nowMs: number,
): string {
  if (template === undefined || template === '') return JSON.stringify(event);
  const decoded = decodedEvent(event);
  const variables: Variables = {
    'aws.pipes.pipe-arn': pipeArn(pipe),
    'aws.pipes.pipe-name': pipe.name,
    'aws.pipes.source-arn': pipe.source,
    'aws.pipes.enrichment-arn': pipe.enrichment ?? '',
    'aws.pipes.target-arn': pipe.target,
    'aws.pipes.event.ingestion-time': new Date(nowMs).toISOString(),
    'aws.pipes.event': event,
    'aws.pipes.event.json': decoded,
  };
  return filled(template, (name) =>
    name.startsWith('$') ? (valueAt(name, decoded) ?? '') : variables[name],
  );
}

/** Where the template is JSON, text outside of its strings is quoted: the guide promises valid JSON. */
function filled(template: string, held: (name: string) => unknown): string {
  const isJson = /^\s*[{[]/.test(template);
  let isInString = false;
  let result = '';
  for (let place = 0; place < template.length; ) {
    PLACEHOLDER.lastIndex = place;
    const match = PLACEHOLDER.exec(template);
    const value = match === null ? undefined : held(match[1]!);
    if (match !== null && value !== undefined) {
      result += !isJson ? plain(value) : isInString ? escaped(plain(value)) : JSON.stringify(value);
      place += match[0].length;
      continue;
    }
    const isEscape = isJson && isInString && template[place] === '\\';
    const length = isEscape ? 2 : 1;
    if (template[place] === '"') isInString = !isInString;
    result += template.slice(place, place + length);
    place += length;
  }
  return result;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

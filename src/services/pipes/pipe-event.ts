/** Records of sources as a pipe has them. */
import { parseExact } from '../../core/exact-json.ts';

export type PipeEvent = Readonly<Record<string, unknown>>;

/**
 * A pipe hands records on as functions get them, but those of Kinesis flat. Source: user guide, "Amazon Kinesis stream
 * as a source", example event.
 */
export function pipeEvent(record: PipeEvent): PipeEvent {
  const { kinesis, ...others } = record;
  return typeof kinesis === 'object' && kinesis !== null ? { ...kinesis, ...others } : record;
}

/**
 * What paths look into: the body of a message and the data of a record of Kinesis are decoded, and parsed where they are
 * JSON. Source: user guide, "EventBridge Pipes input transformation", implicit body data parsing.
 */
export function decodedEvent(event: unknown): unknown {
  if (typeof event !== 'object' || event === null) return event;
  const { eventSource, body, data } = event as PipeEvent;
  if (eventSource === 'aws:sqs') return { ...event, body: parsed(body) };
  if (eventSource === 'aws:kinesis')
    return { ...event, data: parsed(Buffer.from(String(data), 'base64').toString()) };
  return event;
}

function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

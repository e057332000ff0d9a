/** FilterCriteria: which records of a source are let through. */
import { parseEventPattern } from '../core/event-pattern/event-pattern.ts';

/** A record as AWS hands it to a function. */
interface Filtered {
  readonly record: Readonly<Record<string, unknown>>;
}

/** True for what passes; without filters everything does. Throws `EventPatternError` for a pattern that is none. */
export function recordFilter(filters: readonly string[] | undefined): (record: Filtered) => boolean {
  if (filters === undefined || filters.length === 0) return () => true;
  const patterns = filters.map((filter) => parseEventPattern(filter));
  return ({ record }) => {
    const event = filteredForm(record);
    return patterns.some((pattern) => pattern(event));
  };
}

/**
 * What patterns see of a record. Source: "Control which events Lambda sends to your function": of a message its body
 * and of a record of Kinesis its data, decoded, are looked into where they are JSON; data that is none matches no
 * pattern for it. Records of DynamoDB are as they are. Of Kafka key and value are looked into where they are JSON, and
 * are strings where not ("Filtering events from Amazon MSK and self-managed Apache Kafka event sources"); so is the data
 * of messages of RabbitMQ and ActiveMQ ("Filter events from an Amazon MQ event source").
 */
function filteredForm(record: Filtered['record']): object {
  const kinesis = record['kinesis'];
  if (typeof kinesis === 'object' && kinesis !== null) {
    const { data, ...others } = kinesis as { readonly data?: unknown };
    return { ...record, ...others, ...parsedData(data) };
  }
  if ('basicProperties' in record || 'messageID' in record) {
    return { ...record, data: decoded(record['data']) };
  }
  if ('timestampType' in record) {
    return { ...record, key: decoded(record['key']), value: decoded(record['value']) };
  }
  return 'body' in record ? { ...record, body: parsedBody(record['body']) } : record;
}

function parsedData(data: unknown): object {
  try {
    return { data: JSON.parse(Buffer.from(String(data), 'base64').toString()) as unknown };
  } catch {
    return {};
  }
}

function decoded(base64: unknown): unknown {
  return typeof base64 === 'string' ? parsedBody(Buffer.from(base64, 'base64').toString()) : base64;
}

/** A body that is JSON is looked into; any other is a string. */
function parsedBody(body: unknown): unknown {
  if (typeof body !== 'string' || !/^\s*[{[]/.test(body)) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

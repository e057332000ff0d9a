import type { PutEventsRequestEntry, PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import { parseExact } from '../../core/exact-json.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { BridgeEvent } from './event.ts';
import { eventTime } from './event.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { busAddress } from './events-context.ts';
import { invalid, notImplemented } from './events-errors.ts';

/** Source: user guide, "Calculating PutEvents event entry size", 256 KB: all entries together. Bytes. */
const MAX_ENTRIES_BYTES = 256 * 1024;
const TIME_BYTES = 14;

export function putEventsOperation(events: EventsContext): Required<Pick<EventsOperations, 'PutEvents'>> {
  return {
    async PutEvents(input, caller) {
      const { Entries: entries = [], EndpointId } = input;
      if (EndpointId !== undefined) throw notImplemented('global endpoints');
      if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_ENTRIES_BYTES)
        throw invalid('Total size of the entries in the request is over the limit.');
      const Entries = await Promise.all(entries.map((entry) => put(events, entry, caller)));
      return { Entries, FailedEntryCount: Entries.filter(({ ErrorCode }) => ErrorCode !== undefined).length };
    },
  };
}

async function put(
  events: EventsContext,
  entry: PutEventsRequestEntry,
  caller: RequestContext,
): Promise<PutEventsResultEntry> {
  const problem = problemOf(entry);
  if (problem !== undefined) return problem;
  const bus = busAddress(entry.EventBusName, caller);
  const event: BridgeEvent = {
    version: '0',
    id: events.ids.uuid(),
    'detail-type': entry.DetailType!,
    source: entry.Source!,
    account: caller.accountId,
    time: eventTime(entry.Time?.getTime() ?? events.clock.now()),
    region: bus.region,
    resources: entry.Resources ?? [],
    detail: parseExact(entry.Detail!) as BridgeEvent['detail'],
  };
  // Recorded: events for a bus that does not exist are taken as well, and reach nobody.
  if (events.buses.find(bus) === undefined) return { EventId: event.id };
  const { TraceHeader: traceHeader } = entry;
  await events.router.accept(bus, event, traceHeader === undefined ? {} : { traceHeader });
  return { EventId: event.id };
}

/** What is wrong with an entry, by itself: the others are taken. */
function problemOf(entry: PutEventsRequestEntry): PutEventsResultEntry | undefined {
  for (const name of ['Source', 'DetailType', 'Detail'] as const)
    if (!entry[name])
      return refused(`Parameter ${name} is not valid. Reason: ${name} is a required argument.`);
  if (!isObject(entry.Detail!)) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  // Source: user guide, "Adding events with PutEvents": those of AWS's services are nobody else's to send.
  if (entry.Source!.startsWith('aws.'))
    return {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    };
  return undefined;
}

function refused(message: string): PutEventsResultEntry {
  return { ErrorCode: 'InvalidArgument', ErrorMessage: message };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function sizeOf({
  Time,
  Source = '',
  DetailType = '',
  Detail = '',
  Resources = [],
}: PutEventsRequestEntry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return (
    (Time === undefined ? 0 : TIME_BYTES) + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  );
}

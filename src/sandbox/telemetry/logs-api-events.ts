/** Events of the Telemetry API in the older shapes of the Logs API, version 2020-08-15 (schema 2021-03-18). */
import type { TelemetryEvent } from '../../ports/environment.ts';

/** None for what the Logs API does not know; two for a report, which was END and REPORT there. */
export function logsApiEvents(event: TelemetryEvent): TelemetryEvent[] {
  const { time, type } = event;
  const record = event.record as Readonly<Record<string, unknown>>;
  const { requestId, status } = record;
  switch (type) {
    case 'function':
    case 'extension':
    case 'platform.extension':
    case 'platform.logsDropped':
      return [event];
    case 'platform.telemetrySubscription':
      return [{ ...event, type: 'platform.logsSubscription' }];
    case 'platform.start':
      return [{ time, type, record: { requestId, version: record['version'] } }];
    case 'platform.runtimeDone':
      return [{ time, type, record: { requestId, status: status === 'error' ? 'failure' : status } }];
    case 'platform.report':
      return [
        { time, type: 'platform.end', record: { requestId } },
        { time, type, record: { requestId, metrics: record['metrics'] } },
      ];
    default:
      return [];
  }
}

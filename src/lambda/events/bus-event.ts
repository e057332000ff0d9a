/** What an event bus that is a destination gets. AWS Compute Blog, "Introducing AWS Lambda Destinations", shows such an event. */
import { parseArn } from '../../core/arn.ts';
import { functionArn } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import type { EventAttributes } from './asynchronous-event.ts';

export function isEventBus(arn: string): boolean {
  return parseArn(arn)?.service === 'events';
}

/** The record as the detail of an event, to which the bus adds what it adds to every one. JSON. */
export function busEvent(
  busArn: string,
  attributes: EventAttributes,
  succeeded: boolean,
  record: string,
): string {
  const resources = [busArn, functionArn({ ...attributes, qualifier: attributes.qualifier ?? LATEST })];
  const parts = [
    '"source":"lambda"',
    `"detail-type":"Lambda Function Invocation Result - ${succeeded ? 'Success' : 'Failure'}"`,
    `"resources":${JSON.stringify(resources)}`,
    // As it is: payloads are passed on byte by byte.
    `"detail":${record}`,
  ];
  return `{${parts.join(',')}}`;
}

/** `/_selfsame/faults`: GET lists the rules, POST adds one, DELETE removes one (`/_selfsame/faults/<id>`) or all. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlatformError } from '../core/errors.ts';
import type { FaultSettings, Faults } from '../lambda/invoke/faults.ts';
import { answer, jsonBody, localRefusal, problem } from './admin-request.ts';

const MEMBERS = ['fault', 'functionName', 'probability', 'seed', 'delaySeconds'];

/** `id` is what the path names behind the endpoint's own; empty where it names nothing. */
export async function serveFaults(
  faults: Faults,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refusal = localRefusal(request, 'Faults are');
  if (refusal !== undefined) return answer(response, 403, problem(refusal));
  if (request.method === 'GET' && id === '') return answer(response, 200, { faults: faults.list() });
  if (request.method === 'POST' && id === '') return add(faults, request, response);
  if (request.method !== 'DELETE')
    return answer(response, 405, problem(`${request.method} is not GET, POST or DELETE.`));
  if (id === '') faults.clear();
  else if (!faults.remove(id)) return answer(response, 404, problem(`There is no fault rule ${id}.`));
  return answer(response, 200, { faults: faults.list() });
}

async function add(faults: Faults, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await jsonBody(request);
  const settings = 'wrong' in body ? body.wrong : settingsIn(body.value);
  if (typeof settings === 'string') {
    const expected = 'Send {"fault": "throttle", "functionName": "name"}.';
    return answer(response, 400, problem(`${settings} ${expected}`));
  }
  try {
    return answer(response, 201, { ...faults.add(settings) });
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return answer(response, 400, problem(`${error.message} ${error.remedy}`));
  }
}

/** What the values may be is for `Faults` to say. */
function settingsIn(value: unknown): FaultSettings | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'The body is no object.';
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name));
  return unknown === undefined ? (value as FaultSettings) : `There is no member ${unknown}.`;
}

/** Our own client against our own server: what one writes, the other must read back the same. */
import { Readable } from 'node:stream';
import { decodedError, decodedOutput } from '../../../src/wire/client/decoded-answer.ts';
import { clientProtocol, encodedRequest } from '../../../src/wire/client/encoded-request.ts';
import type { WireResponse } from '../../../src/wire/contract.ts';
import type { GeneratedModel } from '../../../src/wire/model/open.ts';

type Members = Record<string, unknown>;

/** Undefined where the client does not speak to such a service. */
export function inputByOwnClient(
  model: GeneratedModel,
  operation: string,
  input: Members,
): Members | undefined {
  const protocol = clientProtocol(model.service);
  const described = model.operation(operation)!;
  if (protocol === undefined || described.eventStream !== undefined) return undefined;
  const request = encodedRequest(model.service, described, protocol, input);
  if (request.body instanceof Readable) return undefined;
  const match = model.match(request, request.body);
  if (match?.operation !== operation) throw new Error(`the request was routed to ${match?.operation}`);
  return model.parse(match, request);
}

export interface OwnAnswer extends WireResponse {
  readonly whole: Buffer;
}

/** Undefined where the client does not speak to such a service. */
export function outputByOwnClient(
  model: GeneratedModel,
  operation: string,
  answer: OwnAnswer,
): Members | undefined {
  const protocol = clientProtocol(model.service);
  const described = model.operation(operation)!;
  if (protocol === undefined || described.eventStream !== undefined) return undefined;
  return decodedOutput(described, protocol, answer, answer.whole);
}

export function errorByOwnClient(model: GeneratedModel, answer: OwnAnswer): Error {
  return decodedError(answer, answer.whole, (code) => model.errorShape(code));
}

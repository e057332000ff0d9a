/**
 * The HTTP side of the Lambda Extensions API, version 2020-01-01. Answers and refusals are those of
 * AWS's runtime interface emulator; the routes are from the "Lambda Extensions API" reference.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { methodNotAllowed, notFound, refuse } from '../runtime-api/api-answers.ts';
import type { Extension, ExtensionRegistry, Refusal } from './extension-registry.ts';
import { transitionRefusal } from './extension-registry.ts';
import { readText } from './request-text.ts';

const PREFIX = '/2020-01-01/extension/';

/** What extensions are told of the function when they register. */
export interface FunctionFacts {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly handler: string;
  readonly accountId: string | undefined;
}

export interface ExtensionsApiOwner {
  registered(extension: Extension): void;
  /** It asks for its next event; `deliver` sends one. */
  waiting(extension: Extension): void;
  /** It says itself that its init or its end failed. */
  failed(extension: Extension, kind: 'init' | 'exit'): void;
}

export class ExtensionsApi {
  private readonly registry: ExtensionRegistry;
  private readonly facts: () => FunctionFacts;
  private readonly newEventId: () => string;
  private readonly owner: ExtensionsApiOwner;
  /** Open requests for the next event. */
  private readonly waiting = new Map<Extension, ServerResponse>();

  constructor(
    registry: ExtensionRegistry,
    facts: () => FunctionFacts,
    newEventId: () => string,
    owner: ExtensionsApiOwner,
  ) {
    this.registry = registry;
    this.facts = facts;
    this.newEventId = newEventId;
    this.owner = owner;
  }

  /** False when the path is not of this API. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url ?? '';
    if (!path.startsWith(PREFIX)) return false;
    const method = request.method ?? '';
    switch (path.slice(PREFIX.length)) {
      case 'register':
        if (method === 'POST') this.register(request, response);
        else methodNotAllowed(request, response);
        break;
      case 'event/next':
        if (method === 'GET') this.next(request, response);
        else methodNotAllowed(request, response);
        break;
      case 'init/error':
      case 'exit/error':
        if (method === 'POST') this.error(request, response, path.endsWith('init/error') ? 'init' : 'exit');
        else methodNotAllowed(request, response);
        break;
      default:
        notFound(request, response);
    }
    return true;
  }

  /** Answers the open request of an extension; its state becomes Running. */
  deliver(extension: Extension, event: object): void {
    const response = this.waiting.get(extension);
    if (response === undefined) return;
    this.waiting.delete(extension);
    extension.state = 'Running';
    answerJson(response, event, { 'Lambda-Extension-Event-Identifier': this.newEventId() });
  }

  /** The extension a request comes from; undefined when the request has been refused. */
  identified(request: IncomingMessage, response: ServerResponse): Extension | undefined {
    const identifier = request.headers['lambda-extension-identifier'];
    const reject = (errorType: string, message: string): undefined => {
      request.resume();
      refuse(response, 403, errorType, message);
    };
    if (typeof identifier !== 'string' || identifier === '')
      return reject('Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header');
    if (!UUID.test(identifier))
      return reject('Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier');
    const extension = this.registry.find(identifier.toLowerCase());
    return (
      extension ??
      reject('Extension.UnknownExtensionIdentifier', `Unknown extension ${identifier.toLowerCase()}`)
    );
  }

  private register(request: IncomingMessage, response: ServerResponse): void {
    const name = request.headers['lambda-extension-name'];
    if (typeof name !== 'string' || name === '') {
      request.resume();
      refuse(response, 403, 'Extension.InvalidExtensionName', 'Empty extension name');
      return;
    }
    readText(request, (text) => {
      const events = registeredEvents(text);
      if (typeof events === 'string') return refuse(response, 403, 'InvalidRequestFormat', events);
      const extension = this.registry.register(name, events);
      if ('message' in extension) return refused(response, extension);
      const { accountId, ...facts } = this.facts();
      const features = String(request.headers['lambda-extension-accept-feature'] ?? '').split(',');
      const wantsAccount = features.some((feature) => feature.trim() === 'accountId');
      const body = wantsAccount && accountId !== undefined ? { ...facts, accountId } : facts;
      answerJson(response, body, { 'Lambda-Extension-Identifier': extension.identifier });
      this.owner.registered(extension);
    });
  }

  private next(request: IncomingMessage, response: ServerResponse): void {
    const extension = this.identified(request, response);
    if (extension === undefined) return;
    const { state } = extension;
    if (state === 'Started' || state === 'InitError' || state === 'ExitError')
      return refused(response, transitionRefusal(extension, 'Ready', extension.identifier));
    extension.state = 'Ready';
    this.waiting.set(extension, response);
    // One that broke off and asks again is answered on its new connection.
    response.once('close', () => {
      if (this.waiting.get(extension) === response) this.waiting.delete(extension);
    });
    this.owner.waiting(extension);
  }

  private error(request: IncomingMessage, response: ServerResponse, kind: 'init' | 'exit'): void {
    const extension = this.identified(request, response);
    if (extension === undefined) return;
    request.resume();
    const errorType = request.headers['lambda-extension-function-error-type'];
    if (typeof errorType !== 'string' || errorType === '') {
      const message = 'Lambda-Extension-Function-Error-Type not found';
      return refuse(response, 403, 'Extension.MissingHeader', message);
    }
    const target = kind === 'init' ? 'InitError' : 'ExitError';
    if (extension.state === 'Started' || (kind === 'init' && extension.state !== 'Registered'))
      return refused(response, transitionRefusal(extension, target, extension.identifier));
    extension.state = target;
    extension.errorType = errorType;
    answerJson(response, { status: 'OK' }, {}, 202);
    this.owner.failed(extension, kind);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The events of a registration, or what is wrong with its body. */
function registeredEvents(text: string): string[] | string {
  try {
    const body = JSON.parse(text) as { events?: unknown; configurationKeys?: unknown } | null;
    if (Array.isArray(body?.configurationKeys) && body.configurationKeys.length > 0)
      return 'configurationKeys are deprecated; use environment variables instead';
    const events = body?.events ?? [];
    if (Array.isArray(events) && events.every((event) => typeof event === 'string')) return events;
    return 'events must be a list of strings';
  } catch (error) {
    return (error as Error).message;
  }
}

function refused(response: ServerResponse, { errorType, message }: Refusal): void {
  refuse(response, 403, errorType, message);
}

function answerJson(
  response: ServerResponse,
  body: object,
  headers: Readonly<Record<string, string>>,
  status = 200,
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

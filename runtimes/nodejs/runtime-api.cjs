'use strict';
// Lambda's HTTP runtime API as a client, for runtimes that take several events at once: each event is a channel with
// the outcome methods of the one in channel.cjs.
const http = require('node:http');

const PREFIX = '/2018-06-01/runtime/';
const STREAMING = {
  'Lambda-Runtime-Function-Response-Mode': 'streaming',
  'Transfer-Encoding': 'chunked',
  Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
};
/** AWS sends text in headers as the bytes of its UTF-8. */
const text = (header) => (header === undefined ? undefined : Buffer.from(header, 'latin1').toString());

class RuntimeApi {
  constructor(address) {
    const [host, port] = address.split(':');
    this.to = { host, port, agent: new http.Agent({ keepAlive: true, noDelay: true }) };
  }

  /**
   * The next event: its header as in ../PROTOCOL.md, its payload, and the channel for its outcome. Undefined where there
   * is none any more: the host has gone, or refuses, as it does once the init of another worker has failed.
   */
  async next() {
    const answer = await this.answer(this.request('GET', 'invocation/next')).catch(() => undefined);
    if (answer?.status !== 200) return undefined;
    const { headers, body } = answer;
    const header = {
      requestId: headers['lambda-runtime-aws-request-id'],
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      deadlineMs: Number(headers['lambda-runtime-deadline-ms']),
      traceId: headers['lambda-runtime-trace-id'],
      clientContext: text(headers['lambda-runtime-client-context']),
      cognitoIdentity: text(headers['lambda-runtime-cognito-identity']),
      tenantId: text(headers['lambda-runtime-aws-tenant-id']),
    };
    return { header, payload: body, channel: new EventChannel(this, header.requestId) };
  }

  initError(errorType, payload) {
    return this.post('init/error', payload, { 'Lambda-Runtime-Function-Error-Type': errorType });
  }

  eventError(requestId, errorType, payload) {
    const headers = { 'Lambda-Runtime-Function-Error-Type': errorType };
    return this.post(`invocation/${requestId}/error`, payload, headers);
  }

  post(path, body, headers = {}) {
    const request = this.request('POST', path, { ...headers, 'Content-Length': Buffer.byteLength(body) });
    const answered = this.answer(request);
    request.end(body);
    return answered;
  }

  request(method, path, headers) {
    const request = http.request({ ...this.to, method, path: PREFIX + path, headers });
    if (method === 'GET') request.end();
    return request;
  }

  /** Resolves with the answer, whatever its status; rejects when the host has gone. */
  answer(request) {
    return new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        const pieces = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(pieces).toString(),
          }),
        );
      });
    });
  }
}

class EventChannel {
  constructor(api, requestId) {
    this.api = api;
    this.path = `invocation/${requestId}/`;
    this.requestId = requestId;
    this.streamed = undefined;
    this.type = undefined;
    /** Resolves once the host has taken the outcome. */
    this.sent = undefined;
  }

  response(body) {
    if (this.streamed !== undefined) this.streamed.end(body);
    else this.sent = this.api.post(`${this.path}response`, body);
  }

  error(errorType, payload) {
    if (this.streamed === undefined) {
      this.sent = this.api.eventError(this.requestId, errorType, payload);
      return;
    }
    this.streamed.addTrailers({
      'Lambda-Runtime-Function-Error-Type': errorType,
      'Lambda-Runtime-Function-Error-Body': Buffer.from(payload).toString('base64'),
    });
    this.streamed.end();
  }

  contentType(type) {
    this.type = type;
  }

  chunk(bytes) {
    if (this.streamed === undefined) {
      const type = this.type === undefined ? {} : { 'Content-Type': this.type };
      this.streamed = this.api.request('POST', `${this.path}response`, { ...STREAMING, ...type });
      this.sent = this.api.answer(this.streamed);
    }
    this.streamed.write(bytes);
  }
}

module.exports = { RuntimeApi };

/**
 * HTTP/2 without TLS on the port of HTTP/1.1, begun with prior knowledge: the JavaScript SDK speaks it to Kinesis,
 * Lex and Transcribe, whatever the endpoint. Each of its requests goes on as one of HTTP/1.1 over a connection in
 * memory, so that there is one front with all its limits and time-outs.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type {
  IncomingHttpHeaders as Http2Headers,
  Http2Server,
  Http2Session,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import type { Log } from '../../ports/log.ts';
import { KEEP_ALIVE_TIMEOUT_MS } from './limits.ts';

/** What every HTTP/2 connection begins with, by RFC 9113; Node.js's parser of HTTP/1.1 stops behind it. */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const PREFACE_CODE = 'HPE_PAUSED_H2_UPGRADE';

/** Header fields of one connection, which HTTP/2 does not have. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

export interface Http2ConnectionsOptions {
  /** Serves what is sent over a connection of HTTP/1.1. */
  readonly serve: (connection: Duplex) => void;
  readonly log: Log;
}

interface Connection {
  readonly remoteAddress: string | undefined;
  readonly stream: Duplex;
  /** Answers in flight. */
  answering: number;
}

export class Http2Connections {
  private readonly options: Http2ConnectionsOptions;
  private server: Http2Server | undefined;
  private readonly connections = new Map<Http2Session, Connection>();
  private isClosing = false;

  constructor(options: Http2ConnectionsOptions) {
    this.options = options;
  }

  /** Takes a connection on which HTTP/1.1 has failed, if that is because it is one of HTTP/2. */
  take(error: NodeJS.ErrnoException, socket: Duplex): boolean {
    if (error.code !== PREFACE_CODE) return false;
    const { rawPacket, bytesParsed } = error as { rawPacket?: Buffer; bytesParsed?: number };
    const rest = rawPacket?.subarray(bytesParsed) ?? Buffer.alloc(0);
    const stream = continued(socket as Socket, Buffer.concat([Buffer.from(PREFACE), rest]));
    const { remoteAddress } = socket as Socket;
    this.server ??= this.createServer();
    this.server.once('session', (session) => this.hold(session, { stream, remoteAddress, answering: 0 }));
    this.server.emit('connection', stream);
    return true;
  }

  /** Takes no new requests; each connection ends with its last answer in flight. */
  close(): void {
    this.isClosing = true;
    for (const [session, connection] of this.connections) {
      session.close();
      endWhenIdle(connection);
    }
  }

  /** Ends every connection at once. */
  destroy(): void {
    for (const { stream } of this.connections.values()) stream.destroy();
  }

  private createServer(): Http2Server {
    // Loaded when a first client speaks it: most never do.
    const http2 = process.getBuiltinModule('node:http2');
    const server = http2.createServer();
    server.on('sessionError', (error) =>
      this.options.log.debug({ err: error }, 'an HTTP/2 connection failed'),
    );
    server.on('stream', (stream, headers) => {
      const connection = stream.session && this.connections.get(stream.session);
      if (connection === undefined) return;
      this.count(stream, connection);
      this.forward(stream, headers, connection.remoteAddress);
    });
    return server;
  }

  private hold(session: ServerHttp2Session, connection: Connection): void {
    this.connections.set(session, connection);
    session.once('close', () => this.connections.delete(session));
    session.setTimeout(KEEP_ALIVE_TIMEOUT_MS, () => session.close());
  }

  /** Counts the answer as one in flight until all of it is written, whether or not the client reads it. */
  private count(stream: ServerHttp2Stream, connection: Connection): void {
    connection.answering += 1;
    const done = (): void => {
      stream.off('finish', done).off('close', done);
      connection.answering -= 1;
      if (this.isClosing) endWhenIdle(connection);
    };
    stream.once('finish', done).once('close', done);
  }

  private forward(stream: ServerHttp2Stream, headers: Http2Headers, remoteAddress: string | undefined): void {
    const [client, served] = duplexPair();
    this.options.serve(asSocket(served, stream, remoteAddress));
    const request = process.getBuiltinModule('node:http').request({
      createConnection: () => client,
      method: headers[':method'],
      path: headers[':path'],
      headers: plainFields(headers),
    });
    request.on('response', (response) => answer(stream, response));
    request.on('error', (error) => this.fail(stream, error));
    stream.on('error', (error) => this.options.log.debug({ err: error }, 'an HTTP/2 request failed'));
    stream.once('close', () => {
      request.destroy();
      // The end of one side is not the end of the other.
      served.destroy();
    });
    stream.pipe(request);
  }

  private fail(stream: ServerHttp2Stream, error: Error): void {
    this.options.log.debug({ err: error }, 'an answer over HTTP/2 was cut off');
    stream.close(process.getBuiltinModule('node:http2').constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** Node.js waits for the other end of a connection to close it; one that does not read to the end never would. */
function endWhenIdle(connection: Connection): void {
  if (connection.answering === 0) setImmediate(() => connection.stream.destroy());
}

/** What the front asks of a socket beside its bytes: the address of who asks, and to be told of silence. */
function asSocket(served: Duplex, stream: ServerHttp2Stream, remoteAddress: string | undefined): Duplex {
  stream.on('timeout', () => served.emit('timeout'));
  return Object.assign(served, {
    remoteAddress,
    setTimeout: (ms: number) => void stream.setTimeout(ms),
  });
}

function answer(stream: ServerHttp2Stream, response: IncomingMessage): void {
  if (stream.destroyed) return;
  const fields = Object.entries(response.headers).filter(([name]) => !CONNECTION_FIELDS.has(name));
  stream.respond({ ...Object.fromEntries(fields), ':status': response.statusCode });
  response.pipe(stream);
  response.once('error', () => stream.destroy());
}

/** As HTTP/1.1 has them: the host as a field of its own, and none that begins with a colon. */
function plainFields(headers: Http2Headers): IncomingHttpHeaders {
  const fields = Object.entries(headers).filter(
    ([name]) => !name.startsWith(':') && !CONNECTION_FIELDS.has(name),
  );
  return { host: headers[':authority'], ...Object.fromEntries(fields) };
}

/**
 * The connection, with what has been read of it at its beginning. A stream of its own, since the parser of
 * HTTP/1.1 has taken hold of the handle beneath the socket, which HTTP/2 would read itself.
 */
function continued(socket: Socket, beginning: Buffer): Duplex {
  // To the server of HTTP/1.1 the connection ends: it would close one whose header does not come in time. Not at
  // once, within a call of its parser.
  const ended = socket.listeners('close');
  setImmediate(() => {
    for (const listener of ended) listener.call(socket);
  });
  for (const name of socket.eventNames()) socket.removeAllListeners(name);
  const connection = new Duplex({
    read: () => socket.resume(),
    write: (chunk, _encoding, callback) => void socket.write(chunk, callback),
    final: (callback) => void socket.end(callback),
    destroy(error, callback) {
      socket.destroySoon();
      callback(error);
    },
  });
  connection.push(beginning);
  socket.on('data', (chunk: Buffer) => {
    if (!connection.push(chunk)) socket.pause();
  });
  socket.on('end', () => connection.push(null));
  socket.on('close', () => connection.destroy());
  socket.on('error', (error) => connection.destroy(error));
  return connection;
}

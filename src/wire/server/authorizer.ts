/**
 * Verifies the signature of a request on its way: before the body where that can be, else after it. What
 * the signer may do is asked of `Authorization.permit` once the input is known.
 */
import type { IncomingMessage } from 'node:http';
import { invariant } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { WireRequestHead } from '../contract.ts';
import type { ServiceRoute } from '../routing/router.ts';
import { isSigned, missingSignature } from '../signature/authentication.ts';
import type { Dialect } from '../signature/refusal.ts';
import type { SignedRequest } from '../signature/signed-request.ts';
import type { FindCredentials, VerificationOptions, VerifiedSignature } from '../signature/verify.ts';
import { checkBody, declaresPayload, verifySignature } from '../signature/verify.ts';

export interface Authorization {
  readonly findCredentials: FindCredentials;
  /** Real time in epoch milliseconds; signatures do not follow a clock that tests move. */
  readonly realNowMs: () => number;
  /** Rejects with the API's `AwsError` where policies do not allow the call. Without it every signer may do everything. */
  readonly permit?: ((call: VerifiedCall) => Promise<void>) | undefined;
  /** Operations for which nobody signs, such as `sts:AssumeRoleWithWebIdentity`: they prove otherwise who calls. */
  readonly unsigned?:
    | { readonly operations: readonly string[]; readonly admit: (call: UnsignedCall) => void }
    | undefined;
}

export interface CalledOperation {
  /** Name of the model. */
  readonly service: string;
  readonly operation: string;
  /** Decoded, with AWS's member names. */
  readonly input: unknown;
  readonly context: RequestContext;
  readonly path: string;
}

export interface UnsignedCall extends CalledOperation {
  /** Address of the client. */
  readonly sourceIp: string;
}

/** A request whose signature holds, about to be handled. */
export interface VerifiedCall extends UnsignedCall {
  /** With whose credentials it is signed. */
  readonly signer: Pick<VerifiedSignature, 'accessKeyId' | 'sessionToken'>;
  readonly method: string;
  /** In which a refusal is worded. */
  readonly dialect: Dialect;
}

export class Authorizer {
  private readonly authorization: Authorization;
  private readonly routes: Readonly<Record<string, ServiceRoute>>;

  constructor(authorization: Authorization, routes: Readonly<Record<string, ServiceRoute>>) {
    this.authorization = authorization;
    this.routes = routes;
  }

  /** Begins with what the head tells; rejects with the API's `AwsError`. */
  async begin(
    request: IncomingMessage,
    path: string,
    head: WireRequestHead,
    service: string | undefined,
  ): Promise<SignatureCheck> {
    const signed: SignedRequest = {
      method: head.method,
      path,
      query: head.query,
      rawHeaders: request.rawHeaders,
    };
    const dialect = this.dialectOf(head, service);
    if (!declaresPayload(signed, dialect)) return new SignatureCheck(signed, dialect, this.options(dialect));
    const verified = await verifySignature(signed, this.options(dialect));
    return new SignatureCheck(signed, dialect, this.options(dialect), verified);
  }

  private options(dialect: Dialect) {
    return {
      dialect,
      nowMs: this.authorization.realNowMs(),
      findCredentials: this.authorization.findCredentials,
      permit: this.authorization.permit,
      unsigned: this.authorization.unsigned,
    };
  }

  private dialectOf(head: WireRequestHead, service: string | undefined): Dialect {
    if (service === 's3' || service === 's3control') return 's3';
    const { headers } = head;
    if (headers['x-amz-target'] !== undefined || headers['smithy-protocol'] !== undefined) return 'jsonRpc';
    const protocols = service === undefined ? [] : (this.routes[service]?.protocols ?? []);
    if (protocols.includes('rest-json')) return 'restJson';
    return 'query';
  }
}

type CheckOptions = VerificationOptions & Pick<Authorization, 'permit' | 'unsigned'>;

/** The signature of one request: verified at once, or waiting for the body whose hash it covers. */
export class SignatureCheck {
  verified: VerifiedSignature | undefined;
  /** What its form calls, where nobody has signed and nobody need sign for that. */
  private unsignedAction: string | undefined;
  readonly dialect: Dialect;
  private readonly request: SignedRequest;
  private readonly options: CheckOptions;

  constructor(request: SignedRequest, dialect: Dialect, options: CheckOptions, verified?: VerifiedSignature) {
    this.request = request;
    this.dialect = dialect;
    this.options = options;
    this.verified = verified;
  }

  /** Completes the verification with the body as it was sent. */
  async withBody(body: Buffer): Promise<void> {
    if (this.verified === undefined) {
      this.unsignedAction = this.actionWithoutSignature(body);
      if (this.unsignedAction !== undefined) return;
      this.verified = await verifySignature(this.request, { ...this.options, body });
    } else {
      checkBody(this.verified, this.dialect, body);
    }
  }

  /** See `Authorization.permit`; once the signature is verified. */
  async permit(request: IncomingMessage, call: CalledOperation): Promise<void> {
    const { permit, unsigned } = this.options;
    const sourceIp = request.socket.remoteAddress ?? '';
    if (this.unsignedAction !== undefined) {
      const { service, operation } = call;
      // A form may name two actions: the one that is decoded counts.
      if (operation !== this.unsignedAction || !unsigned!.operations.includes(`${service}:${operation}`))
        throw missingSignature(this.dialect);
      unsigned!.admit({ ...call, sourceIp });
      return;
    }
    if (permit === undefined) return;
    invariant(
      this.verified !== undefined,
      'a request was about to be handled whose signature nobody has verified',
    );
    const { method } = this.request;
    await permit({ ...call, signer: this.verified, method, dialect: this.dialect, sourceIp });
  }

  /** Undefined where somebody has signed, or has to. */
  private actionWithoutSignature(body: Buffer): string | undefined {
    const { operations = [] } = this.options.unsigned ?? {};
    if (operations.length === 0 || this.dialect !== 'query' || isSigned(this.request)) return undefined;
    const [form, query] = [body.toString('latin1'), this.request.query].map(
      (text) => new URLSearchParams(text),
    );
    const action = form!.get('Action') ?? query!.get('Action') ?? '';
    return operations.some((operation) => operation.endsWith(`:${action}`)) ? action : undefined;
  }
}

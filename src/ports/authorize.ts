/** Decisions on requests that a service cannot leave to the wire: function URLs, roles to be taken. */
import type { IncomingMessage } from 'node:http';
import type { ConditionFacts } from '../core/policy/condition-context.ts';
import type { Decision } from '../core/policy/evaluation.ts';
import type { PolicyDocument } from '../core/policy/policy-document.ts';

import type { Identity } from './identity.ts';

/** Nobody has signed: `identity` is undefined. */
export interface Claim {
  readonly identity: Identity | undefined;
  /** For example `lambda:InvokeFunctionUrl`. */
  readonly action: string;
  /** ARN; its account is that of the resource, which its service knows where none is in it. */
  readonly resource: string;
  /** Condition keys beside those that come with the identity. */
  readonly facts: ConditionFacts;
  /** The policy attached to the resource. */
  readonly resourcePolicy: PolicyDocument | undefined;
  /** A policy of the caller's account is not enough unless the resource's leaves it to the account. */
  readonly resourceDecides?: boolean;
}

/** Decides by all policies: those of the caller, of its session and of the resource, in one account or two. */
export type Authorize = (claim: Claim) => Decision;

/**
 * Verifies the signature of an HTTP request that is no API call. Rejects with the `AwsError` of a signature
 * that does not hold, and of a request that bears none.
 */
export type Authenticate = (request: IncomingMessage, body: Buffer, service: string) => Promise<Identity>;

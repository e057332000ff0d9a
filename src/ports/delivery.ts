/** The seam *deliver*: how one service hands an event to a resource of another, by its ARN. */
import type { Arn } from '../core/arn.ts';

/** With the data type that the sender gave it; one of the two values, `binary` in base64. */
export interface TypedAttribute {
  readonly dataType: string;
  readonly text?: string;
  readonly binary?: string;
}

export interface Delivery {
  /** What arrives, as text: the body of a message, the event of a function. */
  readonly body: string;
  /** Message attributes, where the receiver has such: a number has the data type `Number`, a text `String`. */
  readonly attributes?: Readonly<Record<string, string | number | TypedAttribute>>;
  /** The service that delivers, `lambda.amazonaws.com`; resource policies of the receiver name it. */
  readonly principal: string;
  /** The ARN of the resource on whose behalf it is delivered, for `aws:SourceArn`. */
  readonly sourceArn: string;
  /** Whose it is, where its ARN does not say: twelve digits, for `aws:SourceAccount`. */
  readonly sourceAccount?: string;
  /** It is sent in a role, which has been asked and allows it: the policy of the receiver is not. */
  readonly byRole?: boolean;
  /** An X-Ray trace header to be carried on. */
  readonly traceHeader?: string;
  /** Receivers it has been through already that hand on what they are given, so that a ring of them ends. */
  readonly hops?: number;
  /** For receivers that keep order within groups: required by FIFO queues, the partition key of streams. */
  readonly messageGroupId?: string;
  /** For receivers that take a message once; required by FIFO queues that do not go by the body. */
  readonly messageDeduplicationId?: string;
}

/**
 * Takes one event for the resource `target`; durable when it resolves. Throws `AwsError` in the words
 * of the receiving service where it cannot be taken (gone, refused, too large).
 */
export type Receive = (target: Arn, delivery: Delivery) => Promise<void>;

/** Delivers to whatever service owns the ARN; `AwsError` `NotImplemented` where none here receives. */
export type Deliver = (targetArn: string, delivery: Delivery) => Promise<void>;

import { invalidReceiptHandle } from './sqs-errors.ts';

/** What a receipt handle holds; opaque to clients, as on AWS. */
export interface Receipt {
  readonly queueId: string;
  readonly position: number;
  /** Which receipt of the message it is, from 1. */
  readonly receiveCount: number;
}

export function encodeReceipt({ queueId, position, receiveCount }: Receipt): string {
  return Buffer.from(`${queueId}/${position}/${receiveCount}`).toString('base64');
}

const RECEIPT = /^([0-9a-f]+)\/(\d{1,16})\/(\d{1,9})$/;

/** Throws `ReceiptHandleIsInvalid`, for a handle of another queue as well. */
export function decodeReceipt(handle: string, queueId: string): Receipt {
  const match = RECEIPT.exec(Buffer.from(handle, 'base64').toString('latin1'));
  if (match === null || match[1] !== queueId) throw invalidReceiptHandle(handle);
  return { queueId, position: Number(match[2]), receiveCount: Number(match[3]) };
}

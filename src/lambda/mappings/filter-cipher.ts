/** Filters of a mapping that has a KMS key of its own are kept encrypted under that. */
import type { FilterCriteriaError } from '@aws-sdk/client-lambda';
import type { AwsError } from '../../core/errors.ts';
import type { Call } from '../../ports/call.ts';
import { invalidParameter } from '../control/lambda-errors.ts';
import { kmsRefusal } from '../records/kms-refusal.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import { mappingArn } from '../records/mapping-table.ts';
import type { MappingInput } from './mapping-input.ts';

export class FilterCipher {
  private readonly call: Call;

  constructor(call: Call) {
    this.call = call;
  }

  /** As it is stored. Throws what CreateEventSourceMapping answers where the key cannot be used. */
  async sealed(record: MappingRecord): Promise<MappingRecord> {
    const { kmsKeyArn, filters, ...others } = record;
    if (kmsKeyArn === undefined || filters === undefined) return record;
    const input = {
      KeyId: kmsKeyArn,
      Plaintext: Buffer.from(JSON.stringify(filters)),
      EncryptionContext: contextOf(record),
    };
    try {
      const { CiphertextBlob } = (await this.call(record, 'kms', 'Encrypt', input)) as {
        CiphertextBlob: Uint8Array;
      };
      return { ...others, kmsKeyArn, sealedFilters: Buffer.from(CiphertextBlob).toString('base64') };
    } catch (error) {
      const { reason, said } = kmsRefusal(error);
      // In the words that Lambda has for environment variables; those for filters are not known.
      throw invalidParameter(
        `Lambda was unable to encrypt your filter criteria because ${reason}. Please check your KMS key settings. ${said}`,
      );
    }
  }

  /** With its filters in plain text. Rejects with what KMS answers where the key cannot be used. */
  async opened(record: MappingRecord): Promise<MappingRecord> {
    const { sealedFilters, ...others } = record;
    if (sealedFilters === undefined) return record;
    const { Plaintext } = (await this.call(record, 'kms', 'Decrypt', {
      CiphertextBlob: Buffer.from(sealedFilters, 'base64'),
      EncryptionContext: contextOf(record),
    })) as { Plaintext: Uint8Array };
    return { ...others, filters: JSON.parse(Buffer.from(Plaintext).toString()) as string[] };
  }

  /** The record before a change, opened where the change needs to know its filters: for another key. */
  async forChange(
    before: MappingRecord,
    { FilterCriteria, KMSKeyArn }: MappingInput,
  ): Promise<MappingRecord> {
    const isKept = KMSKeyArn === undefined || KMSKeyArn === before.kmsKeyArn;
    if (FilterCriteria === undefined) {
      if (isKept) return before;
      return this.opened(before).catch((error: unknown) => {
        throw invalidParameter(filterError(error).Message!);
      });
    }
    const { sealedFilters: _replaced, ...others } = before;
    return others;
  }

  /** To be shown, or why it cannot be; source: API reference, GetEventSourceMapping. */
  async shown(
    record: MappingRecord,
  ): Promise<{ readonly record: MappingRecord; readonly error?: FilterCriteriaError }> {
    try {
      return { record: await this.opened(record) };
    } catch (error) {
      return { record, error: filterError(error) };
    }
  }
}

function filterError(error: unknown): FilterCriteriaError {
  const { reason, said } = kmsRefusal(error);
  return {
    ErrorCode: (error as AwsError).code,
    Message: `Lambda was unable to decrypt your filter criteria because ${reason}. Please check your KMS key settings. ${said}`,
  };
}

/** Stays the same whatever the mapping is changed to. Which one AWS takes is not documented. */
function contextOf(record: MappingRecord): Record<string, string> {
  return { 'aws:lambda:EventSourceMappingArn': mappingArn(record) };
}

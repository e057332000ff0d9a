/** The code of a request, stored: what CreateFunction, UpdateFunctionCode and PublishLayerVersion share. */
import type { FunctionCode, UpdateFunctionCodeRequest } from '@aws-sdk/client-lambda';
import { AwsError } from '../../core/errors.ts';
import type { Caller } from '../../ports/call.ts';
import type { IngestedPackage } from '../../ports/package-store.ts';
import { PackageRejected } from '../../ports/package-store.ts';
import type { CodeReference, StoredCode } from '../records/function-record.ts';
import type { ControlContext } from './control-context.ts';
import { MAX_UNZIPPED_BYTES, MAX_ZIP_BYTES, TOTAL_CODE_BYTES } from './control-limits.ts';
import { invalidParameter, tooLarge } from './lambda-errors.ts';
import { packageFromObject } from './object-code.ts';

type CodeRequest = Pick<
  FunctionCode & UpdateFunctionCodeRequest,
  'ZipFile' | 'S3Bucket' | 'S3Key' | 'S3ObjectVersion'
>;

/**
 * Checks and stores the package and lets `use` store the record that refers to it; what `use` leaves
 * without a record goes again. Throws AWS's errors for a package that cannot be stored.
 */
export async function withStoredCode<T>(
  context: ControlContext,
  caller: Caller,
  code: CodeRequest,
  use: (code: StoredCode) => Promise<T>,
): Promise<T> {
  const stored = await storeCode(context, caller, code);
  try {
    return await use({
      blob: stored.blob,
      sha256Base64: Buffer.from(stored.blob, 'hex').toString('base64'),
      sizeBytes: stored.sizeBytes,
      unpackedBytes: stored.unpackedBytes,
    });
  } finally {
    stored.settle();
  }
}

async function storeCode(
  context: ControlContext,
  caller: Caller,
  code: CodeRequest,
): Promise<IngestedPackage> {
  const zip = await packageOf(context, caller, code);
  if (zip.length === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
  return context.packages.ingest(zip, MAX_UNZIPPED_BYTES).catch((error: unknown) => {
    throw error instanceof PackageRejected ? rejection(error) : error;
  });
}

async function packageOf({ call }: ControlContext, caller: Caller, code: CodeRequest): Promise<Uint8Array> {
  const { ZipFile: zip, S3Bucket, S3Key, S3ObjectVersion } = code;
  if (S3Bucket !== undefined) return packageFromObject(call, caller, { S3Bucket, S3Key, S3ObjectVersion });
  if (zip === undefined) throw invalidParameter('Please provide a source for function code.');
  // What is in S3 may be larger.
  if (zip.length > MAX_ZIP_BYTES) throw tooLarge(`Zipped size must be smaller than ${MAX_ZIP_BYTES} bytes`);
  return zip;
}

function rejection(error: PackageRejected): AwsError {
  switch (error.kind) {
    case 'too-large-unpacked':
      return invalidParameter(`Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`);
    case 'empty':
      return invalidParameter('Uploaded file must be a non-empty zip');
    default:
      return invalidParameter(
        'Could not unzip uploaded file. Please check your file, then try to upload again.',
      );
  }
}

/** Refuses code beyond the account's storage, which functions and layers share. */
export function checkStorage(
  context: ControlContext,
  accountId: string,
  region: string,
  code: CodeReference,
): void {
  let used = code.sizeBytes;
  for (const record of [...context.table.all(), ...context.layers.all()]) {
    if (record.accountId === accountId && record.region === region) used += record.code.sizeBytes;
  }
  if (used > TOTAL_CODE_BYTES) {
    throw new AwsError('CodeStorageExceededException', 'Code storage limit exceeded.', { Type: 'User' });
  }
}

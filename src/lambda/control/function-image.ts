/** Code that is a container image, beside code that is a zip. */
import type {
  CreateFunctionRequest,
  FunctionCode,
  ImageConfig,
  UpdateFunctionCodeRequest,
} from '@aws-sdk/client-lambda';
import { AwsError } from '../../core/errors.ts';
import type { Caller } from '../../ports/call.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import type { CodeReference, FunctionRecord } from '../records/function-record.ts';
import type { ControlContext } from './control-context.ts';
import { withStoredCode } from './function-code.ts';
import { invalidParameter, notImplemented } from './lambda-errors.ts';

type CodeRequest = FunctionCode & UpdateFunctionCodeRequest;

/** As `withStoredCode`, for either kind of package. */
export async function withCode<T>(
  context: ControlContext,
  caller: Caller,
  { packageType, architectures }: Pick<FunctionRecord, 'packageType' | 'architectures'>,
  code: Partial<CodeRequest>,
  operation: 'CreateFunction' | 'UpdateFunctionCode',
  use: (code: CodeReference) => Promise<T>,
): Promise<T> {
  const verb = operation === 'CreateFunction' ? 'creating' : 'updating';
  const { ImageUri: uri, SourceKMSKeyArn: key } = code;
  if (key !== undefined && key !== '') throw notImplemented(operation, 'SourceKMSKeyArn');
  if (packageType === 'Zip') {
    if (uri !== undefined)
      throw invalidParameter(`Please don't provide ImageUri when ${verb} a function with packageType Zip.`);
    return withStoredCode(context, caller, code, use);
  }
  const hasZip = code.ZipFile !== undefined || code.S3Bucket !== undefined;
  if (uri === undefined || hasZip)
    throw invalidParameter(`Please provide ImageUri when ${verb} a function with packageType Image.`);
  const [architecture = 'x86_64'] = architectures;
  const { sha256, resolvedUri } = await context.images.resolve(uri, architecture).catch((error: unknown) => {
    throw error instanceof ImageProblem ? refusal(uri, error) : error;
  });
  // AWS's CodeSha256 of an image is the digest itself, and no code storage is counted for it.
  return use({ blob: sha256, sha256Base64: sha256, sizeBytes: 0, image: { uri, resolvedUri } });
}

/** A package and an image each have settings that mean nothing to the other. */
export function checkPackageSettings(
  packageType: FunctionRecord['packageType'],
  input: Pick<CreateFunctionRequest, 'Runtime' | 'Handler' | 'Layers' | 'ImageConfig'>,
): void {
  const hasImageConfig = input.ImageConfig !== undefined;
  const hasOthers =
    input.Runtime !== undefined || input.Handler !== undefined || (input.Layers ?? []).length > 0;
  if (packageType === 'Zip' && hasImageConfig)
    throw invalidParameter("Please don't provide ImageConfig when the intended function PackageType is Zip.");
  if (packageType === 'Image' && hasOthers) {
    throw invalidParameter(
      "Please don't provide handler or runtime or layer when the intended function PackageType is Image.",
    );
  }
}

/** Errors of this form were seen on AWS; what AWS has no words for is added in ours. */
function refusal(uri: string, { kind, message }: ImageProblem): AwsError {
  switch (kind) {
    case 'not-found':
      return invalidParameter(`Source image ${uri} does not exist. Provide a valid source image.`);
    case 'access-denied':
      return new AwsError(
        'AccessDeniedException',
        'Lambda does not have permission to access the ECR image. Check the ECR permissions.',
        {},
        403,
      );
    case 'unsupported':
      return invalidParameter(
        `The image manifest, config or layer media type for the source image ${uri} is not supported. (${message})`,
      );
    case 'interrupted':
      return new AwsError('ServiceException', message, {}, 500);
    case 'malformed-name':
    case 'invalid':
    case 'unreachable':
      return invalidParameter(`Source image ${uri} is not valid. Provide a valid source image. (${message})`);
  }
}

/** The code `StateReasonCode` of an image that could be resolved but not be had. */
export function imageStateReasonCode({
  kind,
}: ImageProblem): 'ImageDeleted' | 'ImageAccessDenied' | 'InvalidImage' {
  if (kind === 'not-found') return 'ImageDeleted';
  return kind === 'access-denied' ? 'ImageAccessDenied' : 'InvalidImage';
}

/** Overrides as stored; an empty list or text is none, as in the answers of AWS. */
export function imageOverrides(config: ImageConfig | undefined): FunctionRecord['imageConfig'] {
  if (config === undefined) return undefined;
  const { EntryPoint: entryPoint, Command: command, WorkingDirectory: workingDirectory } = config;
  return {
    ...(entryPoint === undefined || entryPoint.length === 0 ? {} : { entryPoint }),
    ...(command === undefined || command.length === 0 ? {} : { command }),
    ...(workingDirectory === undefined || workingDirectory === '' ? {} : { workingDirectory }),
  };
}

export function imageConfigResponse(stored: NonNullable<FunctionRecord['imageConfig']>): ImageConfig {
  const { entryPoint, command, workingDirectory } = stored;
  return {
    ...(entryPoint === undefined ? {} : { EntryPoint: [...entryPoint] }),
    ...(command === undefined ? {} : { Command: [...command] }),
    ...(workingDirectory === undefined ? {} : { WorkingDirectory: workingDirectory }),
  };
}

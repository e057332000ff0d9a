import type { Layer, LayerFailure } from '@aws-sdk/client-ecr';
import { AwsError } from '../../core/errors.ts';
import type { BodyLimit, RequestContext } from '../../ports/service.ts';
import type { EcrContext, EcrOperations } from './ecr-context.ts';
import { placeOf, registryOf } from './ecr-context.ts';
import { invalidParameter } from './ecr-errors.ts';
import type { LayerLinks } from './layer-links.ts';
import type { LayerUpload } from './layer-uploads.ts';
import { isDigest, sha256Of } from './registry-content.ts';

/** Bytes that UploadLayerPart takes at once. Source: ECR service quotas, and InitiateLayerUpload's `partSize`. */
const PART_BYTES = 20_971_520;
/** A part in base64, and room for the rest of the request. */
const PART_REQUEST_BYTES = Math.ceil(PART_BYTES / 3) * 4 + 64 * 1024;

export const layerBodyLimits: Readonly<Record<string, BodyLimit>> = {
  UploadLayerPart: {
    maxBytes: PART_REQUEST_BYTES,
    error: () => invalidParameter(`A part of a layer must not be larger than ${PART_BYTES} bytes`),
  },
};

type LayerOperations = Required<
  Pick<
    EcrOperations,
    | 'BatchCheckLayerAvailability'
    | 'GetDownloadUrlForLayer'
    | 'InitiateLayerUpload'
    | 'UploadLayerPart'
    | 'CompleteLayerUpload'
  >
>;

interface UploadRequest {
  readonly registryId?: string | undefined;
  readonly repositoryName: string | undefined;
  readonly uploadId: string | undefined;
}

export function layerOperations(context: EcrContext, links: LayerLinks): LayerOperations {
  const { repositories, content, uploads } = context;
  const uploadOf = (input: UploadRequest, caller: RequestContext): LayerUpload => {
    const registry = registryOf(input, caller);
    const { name, accountId } = repositories.get(registry, input.repositoryName!);
    const upload = uploads.find(input.uploadId!, placeOf(registry, name));
    if (upload !== undefined) return upload;
    throw new AwsError(
      'UploadNotFoundException',
      `The upload with id '${input.uploadId}' does not exist in the repository with name '${name}' in the registry with id '${accountId}'`,
    );
  };
  return {
    async BatchCheckLayerAvailability(input, caller) {
      const record = repositories.get(registryOf(input, caller), input.repositoryName!);
      const layers: Layer[] = [];
      const failures: LayerFailure[] = [];
      for (const layerDigest of input.layerDigests ?? []) {
        const layerSize = record.layers[layerDigest];
        if (!isDigest(layerDigest)) {
          failures.push({
            layerDigest,
            failureCode: 'InvalidLayerDigest',
            failureReason: 'Invalid layer digest',
          });
        } else if (layerSize === undefined) layers.push({ layerDigest, layerAvailability: 'UNAVAILABLE' });
        else layers.push({ layerDigest, layerAvailability: 'AVAILABLE', layerSize });
      }
      return { layers, failures };
    },

    async GetDownloadUrlForLayer(input, caller) {
      const record = repositories.get(registryOf(input, caller), input.repositoryName!);
      const layerDigest = input.layerDigest!;
      if (!Object.hasOwn(record.layers, layerDigest))
        throw new AwsError(
          'LayersNotFoundException',
          `The layer with digest '${layerDigest}' does not exist`,
        );
      return { layerDigest, downloadUrl: links.linkTo(sha256Of(layerDigest), caller.origin) };
    },

    async InitiateLayerUpload(input, caller) {
      const registry = registryOf(input, caller);
      const { name } = repositories.get(registry, input.repositoryName!);
      return { uploadId: uploads.begin(placeOf(registry, name)).id, partSize: PART_BYTES };
    },

    async UploadLayerPart(input, caller) {
      const upload = uploadOf(input, caller);
      const part = input.layerPartBlob!;
      const isNext =
        input.partFirstByte === upload.bytes && input.partLastByte === upload.bytes + part.length - 1;
      if (!isNext) {
        throw new AwsError(
          'InvalidLayerPartException',
          `The part must begin at byte ${upload.bytes} and have as many bytes as it says`,
          { lastValidByteReceived: upload.bytes - 1, uploadId: upload.id },
        );
      }
      await upload.append(part);
      return {
        registryId: registryOf(input, caller).accountId,
        repositoryName: input.repositoryName,
        uploadId: upload.id,
        lastByteReceived: upload.bytes - 1,
      };
    },

    async CompleteLayerUpload(input, caller) {
      const registry = registryOf(input, caller);
      const upload = uploadOf(input, caller);
      if (upload.bytes === 0) throw new AwsError('EmptyUploadException', 'The upload has no parts');
      const { sha256, sizeBytes } = await uploads.finish(upload);
      const layerDigest = `sha256:${sha256}`;
      const { layers, name } = repositories.get(registry, input.repositoryName!);
      if (!(input.layerDigests ?? []).includes(layerDigest)) {
        await content.discard([layerDigest]);
        throw new AwsError('InvalidLayerException', `The layer has the digest ${layerDigest}`);
      }
      if (Object.hasOwn(layers, layerDigest))
        throw new AwsError(
          'LayerAlreadyExistsException',
          `The layer with digest '${layerDigest}' exists already`,
        );
      await content.addLayer(registry, name, layerDigest, sizeBytes);
      return { registryId: registry.accountId, repositoryName: name, uploadId: upload.id, layerDigest };
    },
  };
}

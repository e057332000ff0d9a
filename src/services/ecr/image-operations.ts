import type {
  Image,
  ImageDetail,
  ImageFailure,
  ImageIdentifier,
  ListImagesFilter,
} from '@aws-sdk/client-ecr';
import { AwsError } from '../../core/errors.ts';
import type { EcrContext, EcrOperations } from './ecr-context.ts';
import { pageOf, registryOf } from './ecr-context.ts';
import { imageNotFound } from './ecr-errors.ts';
import type { RegistryContent } from './registry-content.ts';
import type { RepositoryRecord } from './repositories.ts';

type ImageOperations = Required<
  Pick<EcrOperations, 'PutImage' | 'ListImages' | 'DescribeImages' | 'BatchGetImage' | 'BatchDeleteImage'>
>;

export function imageOperations({ repositories, content }: EcrContext): ImageOperations {
  return {
    async PutImage(input, caller) {
      const registry = registryOf(input, caller);
      const name = input.repositoryName!;
      const manifest = Buffer.from(input.imageManifest!);
      const before = repositories.get(registry, name);
      const tag = input.imageTag;
      const digest = await content.putManifest(registry, name, {
        content: manifest,
        mediaType: input.imageManifestMediaType,
        tag,
        digest: input.imageDigest,
      });
      const isSame =
        Object.hasOwn(before.images, digest) && (tag === undefined || before.imageTags[tag] === digest);
      if (isSame) throw imageExists(before, digest, tag);
      return {
        image: {
          registryId: registry.accountId,
          repositoryName: name,
          imageId: { imageDigest: digest, ...(tag === undefined ? {} : { imageTag: tag }) },
          imageManifest: input.imageManifest,
          imageManifestMediaType: repositories.get(registry, name).images[digest]?.mediaType,
        },
      };
    },

    async ListImages(input, caller) {
      const record = repositories.get(registryOf(input, caller), input.repositoryName!);
      const ids = Object.keys(record.images).flatMap((imageDigest): ImageIdentifier[] => {
        const tags = tagsOf(record, imageDigest);
        if (!passes(tags, input.filter)) return [];
        return tags.length === 0 ? [{ imageDigest }] : tags.map((imageTag) => ({ imageDigest, imageTag }));
      });
      const { page, next } = pageOf(ids, input);
      return { imageIds: page, ...next };
    },

    async DescribeImages(input, caller) {
      const record = repositories.get(registryOf(input, caller), input.repositoryName!);
      const asked = input.imageIds?.map((id) => {
        const digest = found(content, record, id);
        if (digest === undefined) throw imageNotFound(record, parts(id));
        return digest;
      });
      const digests = (asked ?? Object.keys(record.images)).filter((digest) =>
        passes(tagsOf(record, digest), input.filter),
      );
      const { page, next } = pageOf(digests, input);
      return { imageDetails: page.map((digest) => detail(record, digest)), ...next };
    },

    async BatchGetImage(input, caller) {
      const record = repositories.get(registryOf(input, caller), input.repositoryName!);
      const images: Image[] = [];
      const failures: ImageFailure[] = [];
      for (const id of input.imageIds ?? []) {
        const digest = found(content, record, id);
        if (digest === undefined) failures.push(failure(id));
        else {
          images.push({
            registryId: record.accountId,
            repositoryName: record.name,
            imageId: { imageDigest: digest, ...(id.imageTag === undefined ? {} : { imageTag: id.imageTag }) },
            imageManifest: (await content.readManifest(digest)).toString(),
            imageManifestMediaType: record.images[digest]!.mediaType,
          });
        }
      }
      return { images, failures };
    },

    async BatchDeleteImage(input, caller) {
      const deleted: ImageIdentifier[] = [];
      const failures: ImageFailure[] = [];
      const gone: string[] = [];
      await repositories.change(registryOf(input, caller), input.repositoryName!, (record) => {
        let left = record;
        for (const id of input.imageIds ?? []) {
          const digest = found(content, left, id);
          if (digest === undefined) failures.push(failure(id));
          else left = without(left, digest, id.imageTag, deleted);
        }
        const layers = layersLeft(record, left);
        gone.push(...keysGone(record.images, left.images), ...keysGone(record.layers, layers));
        return { ...left, layers };
      });
      await content.discard(gone);
      return { imageIds: deleted, failures };
    },
  };
}

/** With a tag only that goes, and the image with its last one; by its digest the image goes with all of them. */
function without(
  record: RepositoryRecord,
  digest: string,
  tag: string | undefined,
  deleted: ImageIdentifier[],
): RepositoryRecord {
  const tags = tagsOf(record, digest);
  const gone = tag === undefined ? tags : [tag];
  if (gone.length === 0) deleted.push({ imageDigest: digest });
  for (const imageTag of gone) deleted.push({ imageDigest: digest, imageTag });
  const imageTags = Object.fromEntries(
    Object.entries(record.imageTags).filter(([name]) => !gone.includes(name)),
  );
  if (gone.length < tags.length) return { ...record, imageTags };
  const { [digest]: _removed, ...images } = record.images;
  return { ...record, images, imageTags };
}

/** Layers go with the last image that had them; those of a push that is under way stay. */
function layersLeft(before: RepositoryRecord, { images }: RepositoryRecord): RepositoryRecord['layers'] {
  const used = new Set(Object.values(images).flatMap((image) => image.parts));
  const released = new Set(Object.values(before.images).flatMap((image) => image.parts));
  return Object.fromEntries(
    Object.entries(before.layers).filter(([digest]) => used.has(digest) || !released.has(digest)),
  );
}

function keysGone(before: object, after: object): string[] {
  return Object.keys(before).filter((key) => !Object.hasOwn(after, key));
}

function detail(record: RepositoryRecord, digest: string): ImageDetail {
  const { mediaType, sizeBytes, pushedMs } = record.images[digest]!;
  const tags = tagsOf(record, digest);
  return {
    registryId: record.accountId,
    repositoryName: record.name,
    imageDigest: digest,
    ...(tags.length === 0 ? {} : { imageTags: tags }),
    imageSizeInBytes: sizeBytes,
    imagePushedAt: new Date(pushedMs),
    imageManifestMediaType: mediaType,
  };
}

function tagsOf({ imageTags }: RepositoryRecord, digest: string): string[] {
  return Object.keys(imageTags).filter((tag) => imageTags[tag] === digest);
}

/** Every image here is active: none is archived, and so none on its way back. */
function passes(
  tags: readonly string[],
  { tagStatus = 'ANY', imageStatus = 'ANY' }: ListImagesFilter = {},
): boolean {
  if (imageStatus !== 'ANY' && imageStatus !== 'ACTIVE') return false;
  return tagStatus === 'ANY' || (tagStatus === 'TAGGED') === tags.length > 0;
}

/** Both must fit where both are given. */
function found(content: RegistryContent, record: RepositoryRecord, id: ImageIdentifier): string | undefined {
  const { imageDigest, imageTag } = id;
  const digest = content.digestOf(record, imageTag ?? imageDigest ?? '');
  return imageDigest !== undefined && digest !== imageDigest ? undefined : digest;
}

function parts({ imageDigest, imageTag }: ImageIdentifier): { digest?: string; tag?: string } {
  return {
    ...(imageDigest === undefined ? {} : { digest: imageDigest }),
    ...(imageTag === undefined ? {} : { tag: imageTag }),
  };
}

function failure(id: ImageIdentifier): ImageFailure {
  return { imageId: { ...id }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' };
}

function imageExists(
  { name, accountId }: RepositoryRecord,
  digest: string,
  tag: string | undefined,
): AwsError {
  return new AwsError(
    'ImageAlreadyExistsException',
    `Image with digest '${digest}' and tag '${tag ?? 'null'}' already exists in the repository with name '${name}' in registry with id '${accountId}'`,
  );
}

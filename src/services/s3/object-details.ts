import type { ObjectPart as ShownPart } from '@aws-sdk/client-s3';
import { attributesOf } from './object-attributes.ts';
import { checksumMembers } from './object-checksum.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { findObject, versionMember } from './stored-version.ts';
import { refuseUnimplementedSettings } from './unimplemented.ts';
import { pageOfParts } from './uploads.ts';

/** Answers as recorded for "test_get_object_attributes_versioned": ETags without quotes. */
export function objectAttributesOperation(
  s3: S3Context,
): Required<Pick<S3Operations, 'GetObjectAttributes'>> {
  return {
    async GetObjectAttributes(input, caller) {
      const bucket = bucketOf(s3, input);
      refuseUnimplementedSettings('GetObjectAttributes', input);
      const found = await findObject(s3, bucket, input, caller, 'GET');
      const { checksum, storageClass = 'STANDARD', parts } = attributesOf(found);
      const asked = new Set(input.ObjectAttributes);
      const { page, position } = pageOfParts(parts ?? [], input);
      const Parts = page.map((part): ShownPart => {
        const { ChecksumType: _type, ...members } = checksumMembers(part.checksum);
        return { PartNumber: part.partNumber, Size: part.sizeBytes, ...members };
      });
      return {
        LastModified: new Date(found.modifiedMs),
        ...versionMember(bucket, found),
        ...(asked.has('ETag') ? { ETag: found.etag } : {}),
        ...(asked.has('Checksum') && checksum !== undefined ? { Checksum: checksumMembers(checksum) } : {}),
        ...(asked.has('StorageClass') ? { StorageClass: storageClass as 'STANDARD' } : {}),
        ...(asked.has('ObjectSize') ? { ObjectSize: found.sizeBytes } : {}),
        ...(asked.has('ObjectParts') && parts !== undefined
          ? {
              ObjectParts: {
                TotalPartsCount: parts.length,
                ...position,
                Parts,
              },
            }
          : {}),
      };
    },
  };
}

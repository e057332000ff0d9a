/** What functions run in and from: runtimes, extracted packages and layers, images. Held while environments have it. */
import { createHash } from 'node:crypto';
import { PlatformError } from '../../core/errors.ts';
import type { EnvironmentImage, RuntimeCatalog, RuntimeInstallation } from '../../ports/environment.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import type { PackageStore } from '../../ports/package-store.ts';
import { mergedPackage } from '../../ports/package-store.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { environmentImage, IMAGE_INSTALLATION } from './image-environment.ts';

export interface PreparedFunctionsDependencies {
  readonly catalog: RuntimeCatalog;
  readonly packages: Pick<PackageStore, 'acquire' | 'acquireMerged' | 'companion' | 'release'>;
  readonly images: Pick<ImageStore, 'acquire' | 'release'>;
}

export interface PreparedFunction {
  readonly installation: RuntimeInstallation;
  readonly codeDirectory: string;
  /** See `EnvironmentSpec`. */
  readonly compiledFile?: string;
  readonly image?: EnvironmentImage;
  readonly layersDirectory: string | undefined;
}

export class PreparedFunctions {
  private readonly deps: PreparedFunctionsDependencies;

  constructor(deps: PreparedFunctionsDependencies) {
    this.deps = deps;
  }

  /** To be given back once. Rejects with `PlatformError` where code or runtime cannot be had. */
  async acquire(record: FunctionRecord): Promise<PreparedFunction> {
    if (record.code.image !== undefined) return this.image(record, record.code.image.resolvedUri);
    const resolution = await this.deps.catalog.resolve(record.runtime ?? '');
    if (!resolution.available) {
      throw new PlatformError(
        `The runtime ${record.runtime} of function ${record.functionName} is not available: ${resolution.reason}`,
        'Run `selfsame runtimes` to see what this host can run.',
      );
    }
    const { packages } = this.deps;
    const codeDirectory = await packages.acquire(record.code.blob);
    try {
      const blobs = record.layers.map(({ blob }) => blob);
      const layersDirectory = blobs.length === 0 ? undefined : await packages.acquireMerged(blobs);
      const { installation } = resolution;
      const compiledFile = packages.companion(record.code.blob, compiler(record, installation));
      return { installation, codeDirectory, compiledFile, layersDirectory };
    } catch (error) {
      packages.release(record.code.blob);
      throw error;
    }
  }

  private async image(record: FunctionRecord, resolvedUri: string): Promise<PreparedFunction> {
    const extracted = await this.deps.images
      .acquire({ sha256: record.code.blob, resolvedUri })
      .catch((error: unknown) => {
        if (!(error instanceof ImageProblem)) throw error;
        throw new PlatformError(
          `The image ${resolvedUri} of function ${record.functionName} cannot be had: ${error.message}`,
          'Check its registry, or update the function with another image.',
          { cause: error },
        );
      });
    const image = environmentImage(extracted, record.imageConfig);
    return {
      installation: IMAGE_INSTALLATION,
      codeDirectory: image.rootDirectory,
      layersDirectory: undefined,
      image,
    };
  }

  release({ code, layers }: FunctionRecord): void {
    if (code.image !== undefined) {
      this.deps.images.release(code.blob);
      return;
    }
    const { packages } = this.deps;
    packages.release(code.blob);
    if (layers.length > 0) packages.release(mergedPackage(layers.map(({ blob }) => blob)));
  }
}

/** Whose compiled code it is, as a file name: the function's, whose environments alone trust it, and the interpreter's. */
function compiler(record: FunctionRecord, { interpreter, version }: RuntimeInstallation): string {
  const { accountId, region, functionName } = record;
  const parts = [accountId, region, functionName, interpreter, version];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** How an environment of a function that is a container image is started. */
import type { EnvironmentImage, RuntimeInstallation } from '../../ports/environment.ts';
import type { ExtractedImage } from '../../ports/image-store.ts';
import type { FunctionRecord } from '../records/function-record.ts';

/** An image brings its own runtime, which speaks the HTTP runtime API. */
export const IMAGE_INSTALLATION: RuntimeInstallation = {
  runtime: 'container image',
  family: 'provided',
  directories: [],
  origin: 'the image',
};

/**
 * The image's own settings with the function's in their place. As with Docker, an entry point of the
 * function's leaves no command of the image's.
 */
export function environmentImage(
  { rootDirectory, configuration }: ExtractedImage,
  overrides: FunctionRecord['imageConfig'] = {},
): EnvironmentImage {
  const { entryPoint, command, workingDirectory } = overrides;
  return {
    rootDirectory,
    environment: configuration.environment,
    entryPoint: entryPoint ?? configuration.entryPoint,
    command: command ?? (entryPoint === undefined ? configuration.command : []),
    workingDirectory: workingDirectory ?? configuration.workingDirectory,
  };
}

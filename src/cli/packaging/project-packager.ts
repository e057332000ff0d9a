import type { RuntimeListing } from '../../ports/environment.ts';
import type { PackageFile } from './folder-files.ts';
import { folderFiles } from './folder-files.ts';
import { openNodeBundler } from './node-bundler.ts';
import type { Packager } from './packager.ts';
import type { Project } from './project.ts';
import { PythonPackages } from './python-packages.ts';
import { zipFiles } from './zip.ts';

export async function openPackager(
  project: Project,
  runtime: RuntimeListing['runtime'],
  interpreter: string | undefined,
): Promise<Packager> {
  const { directory, source } = project;
  switch (source.kind) {
    case 'node-bundle':
      return openNodeBundler(directory, source, runtime);
    case 'node-folder':
      return folderPackager(() =>
        folderFiles(directory, new Set(source.withoutNodeModules ? ['node_modules'] : [])),
      );
    case 'bootstrap-folder':
      return folderPackager(() => folderFiles(directory));
    case 'python-folder':
      if (!source.hasRequirements) return folderPackager(() => folderFiles(directory));
      return pythonPackager(directory, new PythonPackages(directory, runtime, interpreter));
  }
}

function folderPackager(files: () => Promise<PackageFile[]>): Packager {
  return { build: async () => zipFiles(await files()), foldersElsewhere: [], close: async () => undefined };
}

/** The function's own files hide those of packages with the same path. */
function pythonPackager(directory: string, packages: PythonPackages): Packager {
  return {
    async build() {
      const own = await folderFiles(directory);
      const paths = new Set(own.map(({ path }) => path));
      const installed = await folderFiles(await packages.install());
      return zipFiles([...installed.filter(({ path }) => !paths.has(path)), ...own]);
    },
    foldersElsewhere: [],
    close: () => packages.remove(),
  };
}

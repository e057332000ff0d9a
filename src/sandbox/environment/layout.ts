/** What a launch is made from and of. */

/** Where things are for the process: inside a sandbox these are AWS's own paths. */
export interface Layout {
  readonly taskRoot: string;
  /** Our bootstraps. */
  readonly runtimeDirectory: string;
  readonly optDirectory: string;
  readonly interpreter: string | undefined;
  /** Directories of the AWS SDK and other packages the runtime brings. */
  readonly packageDirectories: readonly string[];
  /** A scratch directory, where `/tmp` is not the environment's own. */
  readonly temporaryDirectory: string | undefined;
}

/** Inside a sandbox: AWS's own places. */
export function layoutInside({
  interpreter,
  packageDirectories,
}: Pick<Layout, 'interpreter' | 'packageDirectories'>): Layout {
  return {
    taskRoot: '/var/task',
    runtimeDirectory: '/var/runtime',
    optDirectory: '/opt',
    interpreter,
    packageDirectories,
    temporaryDirectory: undefined,
  };
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly framed: boolean;
}

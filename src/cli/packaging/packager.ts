/** Makes the package of one project, again and again while it is watched. */
export interface Packager {
  /** The zip. Rejects with `PlatformError` when the code cannot be built. */
  build(): Promise<Buffer>;
  /** Folders outside of the project whose files went into the last build. */
  readonly foldersElsewhere: readonly string[];
  close(): Promise<void>;
}

/** How many records refer to each package. */
export class PackageUses {
  private readonly uses = new Map<string, number>();

  has(name: string): boolean {
    return this.uses.has(name);
  }

  /** Counts a record that came (1) or went (-1) with these packages. */
  count(names: Iterable<string>, step: 1 | -1): void {
    for (const name of names) {
      const uses = (this.uses.get(name) ?? 0) + step;
      if (uses === 0) this.uses.delete(name);
      else this.uses.set(name, uses);
    }
  }
}

import { PlatformError } from '../core/errors.ts';
import type { IsolationLevel } from '../ports/environment.ts';
import { probeIsolation, probeOciIsolation } from '../sandbox/sandboxes.ts';

export interface ChosenIsolation {
  readonly level: IsolationLevel;
  /** The program that isolates, where the level leaves a choice: `runc 1.1.5`. */
  readonly program?: string;
  /** A sentence for the operator when the level is weaker than the default. */
  readonly warning: string | undefined;
}

/** The level demanded, or the best that the host can hold. Rejects when a demanded one cannot be had. */
export async function chooseIsolation(
  demanded: IsolationLevel | undefined,
  ociRuntime?: string,
): Promise<ChosenIsolation> {
  if (demanded === 'process') return { level: 'process', warning: undefined };
  if (demanded === 'oci') {
    const oci = await probeOciIsolation(ociRuntime);
    if (!oci.available)
      throw new PlatformError(`The isolation level 'oci' cannot be had: ${oci.reason}`, oci.remedy);
    return { level: 'oci', program: `${oci.runtime.name} ${oci.runtime.version}`, warning: undefined };
  }
  const { namespaces } = await probeIsolation();
  if (namespaces.available) return { level: 'namespaces', warning: undefined };
  if (demanded === 'namespaces') {
    throw new PlatformError(
      `The isolation level 'namespaces' cannot be had: ${namespaces.reason}`,
      namespaces.remedy,
    );
  }
  return {
    level: 'process',
    warning: `Functions run as plain processes of this user, not isolated: ${namespaces.reason} ${namespaces.remedy}`,
  };
}

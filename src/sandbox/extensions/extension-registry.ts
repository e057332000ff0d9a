/**
 * The extensions of one environment and what each is doing. The states have the names by which AWS's
 * runtime interface emulator speaks of them in its refusals:
 *
 *   Started ──register──► Registered ──next──► Ready ──event──► Running ──next──► Ready
 *   Registered ──init/error──► InitError          any but Started ──exit/error──► ExitError
 *
 * External extensions are known by their file names before they run; internal ones, which live in the
 * runtime's own processes, when they register.
 */

export type ExtensionEvent = 'INVOKE' | 'SHUTDOWN';
export type ExtensionState = 'Started' | 'Registered' | 'Ready' | 'Running' | 'InitError' | 'ExitError';

/** Extensions of one function. Source: Lambda "Lambda Extensions API", "you can register up to 10 extensions". */
export const MAX_EXTENSIONS = 10;

export interface Extension {
  readonly name: string;
  /** A UUID, its `Lambda-Extension-Identifier`. */
  readonly identifier: string;
  readonly isExternal: boolean;
  events: readonly ExtensionEvent[];
  state: ExtensionState;
  /** What it or its end reported. */
  errorType: string | undefined;
  /** Its process has ended. */
  hasEnded: boolean;
}

/** Why AWS refuses a call, with 403, or ends an environment for its extensions. */
export interface Refusal {
  readonly errorType: string;
  readonly message: string;
}

export class ExtensionRegistry {
  private readonly byIdentifier = new Map<string, Extension>();
  private readonly newIdentifier: () => string;
  /** AWS takes registrations during Init only. */
  isClosed = false;

  constructor(externalNames: readonly string[], newIdentifier: () => string) {
    this.newIdentifier = newIdentifier;
    for (const name of externalNames) this.add(name, true);
  }

  get all(): Extension[] {
    return [...this.byIdentifier.values()];
  }

  find(identifier: string): Extension | undefined {
    return this.byIdentifier.get(identifier);
  }

  register(name: string, events: readonly string[]): Extension | Refusal {
    const known = this.all.find((extension) => extension.name === name);
    const isExternal = known?.isExternal ?? false;
    for (const event of events) {
      const problem = eventProblem(event, isExternal);
      if (problem !== undefined)
        return { errorType: 'Extension.InvalidEventType', message: `${event}: ${problem}` };
    }
    if (known !== undefined && !isExternal)
      return invalidState('Extension with this name already registered');
    if (known !== undefined && known.state !== 'Started') return transitionRefusal(known, 'Registered', name);
    if (this.isClosed)
      return { errorType: 'Extension.RegistrationClosed', message: 'Extension registration closed already' };
    if (known === undefined && this.byIdentifier.size >= MAX_EXTENSIONS) return tooManyExtensions();
    const extension = known ?? this.add(name, false);
    extension.events = [...new Set(events)] as ExtensionEvent[];
    extension.state = 'Registered';
    return extension;
  }

  private add(name: string, isExternal: boolean): Extension {
    const extension: Extension = {
      name,
      identifier: this.newIdentifier(),
      isExternal,
      events: [],
      state: 'Started',
      errorType: undefined,
      hasEnded: false,
    };
    this.byIdentifier.set(extension.identifier, extension);
    return extension;
  }
}

export function tooManyExtensions(): Refusal {
  return {
    errorType: 'Extension.TooManyExtensions',
    message: `Extension limit (${MAX_EXTENSIONS}) reached`,
  };
}

export function transitionRefusal(extension: Extension, to: ExtensionState, subject: string): Refusal {
  return invalidState(
    `State transition from ${extension.state} to ${to} failed for extension ${subject}. ` +
      'Error: State transition is not allowed',
  );
}

function invalidState(message: string): Refusal {
  return { errorType: 'Extension.InvalidExtensionState', message };
}

function eventProblem(event: string, isExternal: boolean): string | undefined {
  if (event === 'INVOKE') return undefined;
  if (event !== 'SHUTDOWN') return 'ErrorInvalidEventType';
  return isExternal ? undefined : 'ShutdownEventNotSupportedForInternalExtension';
}

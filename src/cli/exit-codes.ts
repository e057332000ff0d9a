/** What a process of this command line ends with. Documented in the help of `selfsame`. */
export const EXIT_CODES = {
  success: 0,
  /** What was asked for could not be done; the reason is on standard error. */
  failure: 1,
  /** The command line, a variable or the configuration file does not say what can be done. */
  usage: 2,
  /** The function ran and failed: its error is the result. */
  functionError: 3,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

import type { TextOutput } from '../cli-context.ts';

/** Colours for a terminal that shows them, else the text as it is. `NO_COLOR` is honoured. */
export interface Palette {
  good(text: string): string;
  bad(text: string): string;
  doubtful(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

/** The fewest bits of colour depth that mean ANSI colours. Source: Node.js, `tty.WriteStream.getColorDepth`. */
const ANSI_COLOR_DEPTH = 4;

export function paletteFor(output: TextOutput, env: Readonly<Partial<Record<string, string>>>): Palette {
  const colored = output.isTTY === true && (output.getColorDepth?.(env) ?? 1) >= ANSI_COLOR_DEPTH;
  const paint =
    (code: number, end: number) =>
    (text: string): string =>
      colored ? `\u001b[${code}m${text}\u001b[${end}m` : text;
  return {
    good: paint(32, 39),
    bad: paint(31, 39),
    doubtful: paint(33, 39),
    faint: paint(2, 22),
    strong: paint(1, 22),
  };
}

import type { Application, Command } from '@stricli/core';
import { buildCommand, proposeCompletions } from '@stricli/core';
import type { CliContext } from './cli-context.ts';

/**
 * Each script asks the program itself, `selfsame complete WORD …` with the word under the cursor last,
 * and so knows every command, flag and value there is.
 */
const SCRIPTS = {
  bash: `# selfsame: completion for bash. Load it with: source <(selfsame completion bash)
_selfsame_complete() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -o nosort -F _selfsame_complete selfsame
`,
  zsh: `#compdef selfsame
# selfsame: completion for zsh. Load it with: source <(selfsame completion zsh)
_selfsame() {
  local -a proposals
  local line
  while IFS= read -r line; do
    proposals+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#proposals} )); then _describe selfsame proposals; else _files; fi
}
compdef _selfsame selfsame
`,
  fish: `# selfsame: completion for fish. Load it with: selfsame completion fish | source
function __selfsame_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c selfsame -a '(__selfsame_complete)'
`,
};

type Shell = keyof typeof SCRIPTS;

export const completionCommand = buildCommand({
  docs: {
    brief: 'Print a completion script for bash, zsh or fish',
    fullDescription:
      'For bash: source <(selfsame completion bash). The same for zsh; fish: selfsame completion fish | source.',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'bash, zsh or fish',
          placeholder: 'shell',
          parse: parseShell,
          proposeCompletions: () => Object.keys(SCRIPTS),
        },
      ],
    },
  },
  func(this: CliContext, _flags: Record<never, never>, shell: Shell) {
    this.process.stdout.write(SCRIPTS[shell]);
  },
});

function parseShell(text: string): Shell {
  const shell = (Object.keys(SCRIPTS) as Shell[]).find((name) => name === text);
  if (shell === undefined) throw new SyntaxError('expected bash, zsh or fish');
  return shell;
}

/**
 * Hidden; the scripts call it. A proposal a line: the word, a tab, what it is. It is asked for the
 * application late, since that has this command in it.
 */
export function completeCommand(application: () => Application<CliContext>): Command<CliContext> {
  return buildCommand({
    docs: { brief: 'Propose words for the shell' },
    parameters: {
      positional: {
        kind: 'array',
        parameter: { brief: 'Words so far, the unfinished one last', placeholder: 'word', parse: String },
      },
    },
    async func(this: CliContext, _flags: Record<never, never>, ...words: string[]) {
      for (const { completion, brief } of await proposeCompletions(application(), words, this)) {
        if (completion.startsWith(words.at(-1) ?? '')) this.process.stdout.write(`${completion}\t${brief}\n`);
      }
    },
  });
}

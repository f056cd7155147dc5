import { Argument, type Command } from 'commander';
import { examples, type CommandContext } from './command.ts';

/** What a shell completes: commands with their flags, and the values of flags that have a fixed set. */
interface Completions {
  readonly commands: readonly {
    readonly name: string;
    readonly description: string;
    readonly flags: readonly Flag[];
    /** Values of the first argument. */
    readonly values: readonly string[];
  }[];
}

interface Flag {
  readonly long: string;
  readonly description: string;
  readonly choices: readonly string[];
  readonly takesValue: boolean;
}

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** `authplane completion SHELL`: prints a completion script. */
export function registerCompletion({ program, io, run }: CommandContext): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      examples(
        'source <(authplane completion bash)',
        'authplane completion zsh > "${fpath[1]}/_authplane"',
        'authplane completion fish > ~/.config/fish/completions/authplane.fish',
      ),
    )
    .action(
      run((shell: keyof typeof SHELLS) => {
        io.stdout(SHELLS[shell](completionsOf(program)));
        return Promise.resolve('ok');
      }),
    );
}

function completionsOf(program: Command): Completions {
  const commands = program.commands.map(command => ({
    name: command.name(),
    description: command.description(),
    values: [
      ...(command.registeredArguments[0]?.argChoices ?? []),
      ...command.commands.map(subcommand => subcommand.name()),
    ],
    flags: [
      ...command.options
        .filter(option => !option.hidden)
        .map(option => ({
          long: option.long ?? option.flags,
          description: option.description,
          choices: option.argChoices ?? [],
          takesValue: option.required || option.optional,
        })),
      { long: '--help', description: 'show the help', choices: [], takesValue: false },
    ],
  }));
  return { commands };
}

function bashScript({ commands }: Completions): string {
  const cases = commands.flatMap(({ name, flags, values }) => [
    ...flags
      .filter(flag => flag.choices.length > 0)
      .map(flag => `    "${name} ${flag.long}") words="${flag.choices.join(' ')}" ;;`),
    ...flags
      .filter(flag => flag.takesValue && flag.choices.length === 0)
      .map(flag => `    "${name} ${flag.long}") words=; files=1 ;;`),
    `    "${name} "*) words="${[...values, ...flags.map(flag => flag.long)].join(' ')}"; files=1 ;;`,
  ]);
  return [
    '_authplane() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words= files=',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${commands.map(({ name }) => name).join(' ')} help"`,
    '  else',
    '    case "${COMP_WORDS[1]} $previous" in',
    ...cases.map(line => `  ${line}`),
    '    esac',
    '  fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  if [ -n "$files" ] && [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi',
    '}',
    'complete -o filenames -F _authplane authplane',
    '',
  ].join('\n');
}

function zshScript({ commands }: Completions): string {
  const quote = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&');
  const value = (flag: Flag): string => {
    if (flag.choices.length > 0) return `:value:(${flag.choices.join(' ')})`;
    return flag.takesValue ? ':value:_files' : '';
  };
  const cases = commands.map(({ name, flags, values }) => {
    const specs = flags.map(flag => `'${flag.long}[${quote(flag.description)}]${value(flag)}'`);
    const rest = values.length > 0 ? `'1:value:(${values.join(' ')})'` : "'*:file:_files'";
    return `    ${name}) _arguments ${[...specs, rest].join(' ')} ;;`;
  });
  return [
    '#compdef authplane',
    '_authplane() {',
    '  if (( CURRENT == 2 )); then',
    `    local -a commands=(${commands.map(({ name, description }) => `'${name}:${quote(description)}'`).join(' ')})`,
    '    _describe command commands',
    '    return',
    '  fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...cases,
    '  esac',
    '}',
    'compdef _authplane authplane',
    '',
  ].join('\n');
}

function fishScript({ commands }: Completions): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(({ name, description, flags, values }) => {
    const inCommand = `complete -c authplane -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c authplane -n __fish_use_subcommand -f -a ${name} -d ${quote(description)}`,
      ...values.map(entry => `${inCommand} -f -a ${entry}`),
      ...flags.map(flag => {
        const argument = flag.takesValue ? ' -r' : '';
        const choices = flag.choices.length > 0 ? ` -f -a ${quote(flag.choices.join(' '))}` : '';
        return `${inCommand} -l ${flag.long.slice(2)} -d ${quote(flag.description)}${argument}${choices}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}

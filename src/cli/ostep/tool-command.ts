/** The command of a homework program: its flags, the problem that they describe and, with `-c`, the answer. */
import { readFileSync, statSync } from 'node:fs';

import { type Command as CommanderCommand, Option } from 'commander';

import { largestSeed, MersenneTwister } from '../../lessons/ostep/mersenne-twister.ts';
import { invalid } from '../../kernel/errors.ts';
import { GivenFlags, type HomeworkFlag } from '../../lessons/ostep/tools/flags.ts';
import { computeFlag, type HomeworkTool, seedFlag } from '../../lessons/ostep/tools/tool.ts';
import { wrapped } from '../../report/text-width.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseInteger } from '../options.ts';
import type { ToolView } from './tool-view.ts';

interface ToolOptions extends CommonOptions {
  readonly given: GivenFlags;
}

export function toolCommand<Problem, Answer>(
  tool: HomeworkTool<Problem, Answer>,
  view: ToolView<Problem, Answer>,
): Command<ToolOptions> {
  const draws = tool.flags.includes(seedFlag);
  return {
    name: tool.name,
    summary: tool.summary,
    register(command) {
      const options = tool.flags.map((flag) => ({ flag, option: optionOf(flag) }));
      for (const { option } of options) command.addOption(option);
      command.hook('preAction', (self) => {
        const given = options.flatMap(({ flag, option }) => givenValue(self, flag, option));
        self.setOptionValue('given', new GivenFlags(tool.flags, new Map(given)));
      });
    },
    run({ options: { given, json, seed } }: Call<ToolOptions>, io: Io): number {
      const random = new MersenneTwister(draws ? seed : 0);
      const problem = tool.read(given, { random, lines: linesOf });
      // Also where it is not asked for: a problem without an answer is no problem.
      const answer = tool.solve(problem, random);
      const isAsked = given.has(computeFlag.flag);
      if (json) {
        const document = { command: `ostep ${tool.name}`, ...(draws ? { seed } : {}), problem };
        io.out(JSON.stringify(isAsked ? { ...document, answer } : document, null, 1));
        return 0;
      }
      const options = { given, width: io.columns };
      const lines = [
        `ostep ${tool.name}${draws ? `, seed=${seed}` : ''}`,
        ...wrapped(view.title(problem), io.columns, '  '),
        '',
        ...view.problem(problem, options),
        '',
        ...wrapped(`Asked: ${view.question}`, io.columns, '  '),
        ...(isAsked ? ['', ...view.answer(answer, problem, options)] : ['For the answer add -c.']),
      ];
      for (const line of lines) io.out(line);
      return 0;
    },
  };
}

/** Only what stands on the command line has a value: the defaults are the tool's. */
function optionOf(flag: HomeworkFlag): Option {
  const names = flag.long === undefined ? flag.flag : `${flag.flag}, ${flag.long}`;
  const told = flag.default === undefined ? '' : ` (default: ${flag.default})`;
  const option = new Option(flag.value === undefined ? names : `${names} <${flag.value}>`, flag.help + told);
  if (flag === seedFlag)
    option
      .default(Number(flag.default))
      .argParser((text) => parseInteger(flag.flag, text, { min: 0, max: largestSeed }));
  return option;
}

function givenValue(
  command: CommanderCommand,
  flag: HomeworkFlag,
  option: Option,
): [flag: string, value: string][] {
  const name = option.attributeName();
  if (command.getOptionValueSource(name) !== 'cli') return [];
  const value: unknown = command.getOptionValue(name);
  return [[flag.flag, value === true ? '' : String(value)]];
}

/** No exercise has a larger file. */
const mostBytes = 16 * 1024 * 1024;

function linesOf(flag: string, path: string): readonly string[] {
  try {
    const stats = statSync(path);
    // A device such as /dev/zero never ends.
    if (!stats.isFile() && !stats.isFIFO()) throw new Error(stats.isDirectory() ? 'a folder' : 'a device');
    if (stats.size > mostBytes) throw new Error(`more than ${mostBytes} bytes`);
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw invalid(flag, path, `a file that can be read (${code === 'ENOENT' ? 'no such file' : message})`);
  }
}

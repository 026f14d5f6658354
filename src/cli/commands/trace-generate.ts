/** `ringzero trace generate PATTERN --out FILE`: a page reference string of a known kind, from the seed. */
import type { Command as CommanderCommand } from 'commander';

import { invalid } from '../../kernel/errors.ts';
import { generateMixture, patternDefaults, type MixturePart } from '../../sim/paging/generate/mixture.ts';
import { parseMixturePart } from '../../sim/paging/generate/parse-mixture-part.ts';
import { generateLoop, generateScan } from '../../sim/paging/generate/scan-and-loop.ts';
import { generateSessionReferences, sessionReferenceDefaults } from '../../sim/paging/generate/sessions.ts';
import { generateStack } from '../../sim/paging/generate/stack.ts';
import { generateZipf } from '../../sim/paging/generate/zipf.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseChoice, parseInteger, parseNumber, parsePositive } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { choice, keepGiven, type RunFlags } from '../run-flags.ts';
import {
  addWriteFlags,
  checkNewFile,
  writeReferences,
  writtenLine,
  type WriteFlags,
} from '../trace-flags.ts';

interface GenerateOptions extends CommonOptions, WriteFlags, Pick<RunFlags, 'given'> {
  readonly out: string;
  readonly requests: number;
  readonly ids: number;
  readonly alpha: number;
  readonly part?: readonly MixturePart[];
  readonly arrange: 'interleaved' | 'phases';
  readonly rounds: number;
  readonly sessions: number;
  readonly rate: number;
  readonly blockTokens: number;
  readonly kinds: number;
  readonly sharedTokens: number;
}

/** A pattern, and which options mean something for it. */
interface Generator {
  readonly options: readonly string[];
  generate(options: GenerateOptions): ReferenceTrace;
}

const generators: Readonly<Record<string, Generator>> = {
  zipf: { options: ['--requests', '--ids', '--alpha'], generate: generateZipf },
  stack: { options: ['--requests', '--ids', '--alpha'], generate: generateStack },
  loop: { options: ['--requests', '--ids'], generate: generateLoop },
  scan: { options: ['--requests'], generate: generateScan },
  mixture: {
    options: ['--requests', '--part', '--arrange', '--rounds'],
    generate({ requests, seed, part, arrange, rounds }) {
      if (part === undefined) throw invalid('--part', 'none', 'at least one pattern');
      if (arrange !== 'phases' && rounds !== 1)
        throw invalid('--rounds', rounds, 'only with --arrange phases');
      return generateMixture({ requests, seed, parts: part, arrange, rounds });
    },
  },
  sessions: {
    options: ['--sessions', '--rate', '--block-tokens', '--kinds', '--shared-tokens'],
    generate: ({ rate, ...options }) => generateSessionReferences({ ...options, ratePerHour: rate }),
  },
};
const patterns = Object.keys(generators);
const ownOptions = new Set(Object.values(generators).flatMap(({ options }) => options));
const defaultRequests = 1_000_000;
const defaultSessions = 20;

export const traceGenerateCommand: Command<GenerateOptions> = {
  name: 'generate',
  summary: `Make page references: ${patterns.join(', ')}.`,
  register(command: CommanderCommand): void {
    command
      .argument('<pattern>', patterns.join(', '))
      .requiredOption('--out <file>', 'file to write, compressed when its name ends in .gz or .zst');
    addWriteFlags(command);
    command
      .option('--requests <n>', 'references', integer('--requests', 0x7fffffff), defaultRequests)
      .option('--ids <n>', 'zipf, stack, loop: pages', integer('--ids'), patternDefaults.ids)
      .option(
        '--alpha <a>',
        'zipf, stack: probability of rank or depth k is as 1/k^alpha',
        (text) => parseNumber('--alpha', text, { min: 0, max: 100 }),
        patternDefaults.alpha,
      )
      .option(
        '--part <part>',
        'mixture: a pattern with its own pages, such as zipf:ids=1000,alpha=0.8,weight=3; once for each',
        (text, before?: readonly MixturePart[]) => [...(before ?? []), parseMixturePart('--part', text)],
      )
      .option(
        '--arrange <how>',
        'mixture: interleaved or phases',
        choice('--arrange', ['interleaved', 'phases']),
        'interleaved',
      )
      .option('--rounds <n>', 'mixture in phases: how often each phase comes', integer('--rounds'), 1)
      .option('--sessions <n>', 'sessions: how many', integer('--sessions', 1_000_000), defaultSessions)
      .option(
        '--rate <r>',
        'sessions: how many begin in an hour',
        (text) => parsePositive('--rate', text),
        sessionReferenceDefaults.ratePerHour,
      )
      .option(
        '--block-tokens <n>',
        'sessions: tokens of a page, a multiple of 64',
        integer('--block-tokens'),
        sessionReferenceDefaults.blockTokens,
      )
      .option(
        '--kinds <n>',
        'sessions: kinds of agents; sessions of a kind begin with the same pages',
        integer('--kinds'),
        sessionReferenceDefaults.kinds,
      )
      .option(
        '--shared-tokens <n>',
        'sessions: tokens that sessions of a kind have in common',
        integer('--shared-tokens'),
        sessionReferenceDefaults.sharedTokens,
      );
    keepGiven(command);
  },
  async run({ operands: [pattern = ''], options }: Call<GenerateOptions>, io: Io): Promise<number> {
    const generator = generators[parseChoice('pattern', pattern, patterns)]!;
    checkGiven(pattern, generator, options);
    checkNewFile('--out', options.out, options);
    io.progress(`generating ${pattern}`);
    const trace = generator.generate(options);
    io.progress(`writing ${options.out}`);
    const written = await writeReferences('--out', options.out, trace, options);
    if (options.json)
      io.out(
        JSON.stringify(
          {
            command: 'trace generate',
            ringzero: packageVersion(),
            seed: options.seed,
            pattern,
            requests: trace.ids.length,
            unique: trace.unique,
            out: written,
          },
          null,
          1,
        ),
      );
    else io.out(`${writtenLine(trace, written)}, seed ${options.seed}`);
    return 0;
  },
};

/** Throws KernelError INVALID_ARGUMENT on an option that would do nothing. */
function checkGiven(
  pattern: string,
  { options: own }: Generator,
  { given, part = [] }: GenerateOptions,
): void {
  for (const { flag, value } of given) {
    if (!ownOptions.has(flag) || own.includes(flag)) continue;
    const users = patterns.filter((name) => generators[name]!.options.includes(flag));
    const shown = flag === '--part' ? part.map((one) => one.pattern).join() : value;
    throw invalid(flag, shown, `only with ${users.join(', ')}, not with ${pattern}`);
  }
}

function integer(option: string, max = 0x0fffffff): (text: string) => number {
  return (text) => parseInteger(option, text, { min: 1, max });
}

/** A page of docs/results on one phenomenon: what it is, the workload, the figures, a chart and how to repeat it; with the files that stand beside it. */
import { packageVersion } from '../../src/cli/package-version.ts';

export interface ResultPage {
  /** Of its file, without the ending. */
  readonly name: string;
  readonly title: string;
  /** One line, for the list of pages. */
  readonly finding: string;
  /** What the phenomenon is, in the field's terms; a paragraph each. */
  readonly phenomenon: readonly string[];
  readonly sources: string;
  readonly workload: readonly string[];
  /** Tables and paragraphs. */
  readonly figures: readonly string[];
  readonly charts: readonly Chart[];
  /** Commands of `ringzero`, in the project's root, and what they show. */
  readonly repeat: readonly { readonly command: string; readonly shows: string }[];
  /** The experiment, a path from the project's root. */
  readonly code: string;
  readonly seeds: string;
  /** Inputs of the commands, by file name, written beside the page. */
  readonly inputs: Readonly<Record<string, string>>;
}

interface Chart {
  /** Of its file, without the ending; default: the page's. */
  readonly name?: string;
  readonly alt: string;
  readonly svg: string;
}

/** What is written into docs/results, by file name. */
export function filesOf(page: ResultPage): ReadonlyMap<string, string> {
  return new Map([
    [`${page.name}.md`, markdownOf(page)],
    ...page.charts.map((chart) => [svgName(page, chart), chart.svg] as const),
    ...Object.entries(page.inputs),
  ]);
}

function markdownOf(page: ResultPage): string {
  const { name, title, phenomenon, sources, workload, figures, charts, repeat, code, seeds } = page;
  const commands =
    repeat.length === 0
      ? []
      : [
          '```console',
          ...repeat.flatMap(({ command, shows }) => [`# ${shows}`, `$ ringzero ${command}`]),
          '```',
        ];
  return document([
    `# ${title}`,
    ...phenomenon,
    `Source: ${sources}.`,
    '## The workload',
    ...workload,
    '## Figures',
    ...figures,
    ...charts.map((chart) => `![${chart.alt}](${svgName(page, chart)})`),
    '## Repeat it',
    `\`npm run results -- ${name}\` makes this page again, to the byte: ringzero ${packageVersion()}, ${seeds}, virtual time. The experiment is [${code}](../../${code}).`,
    commands.join('\n'),
  ]);
}

const svgName = (page: ResultPage, { name = page.name }: Chart): string => `${name}.svg`;

/** The list of the pages, and of the benchmarks that stand beside them. */
export function indexOf(pages: readonly ResultPage[]): string {
  return document([
    '# Results',
    'Phenomena of operating systems, reproduced on the kernel: each page says what the phenomenon is, on what workload, with what figures, and how to repeat it. `npm run results` makes them all, to the byte.',
    table(['phenomenon', 'what is seen'], pages.map(indexRow)),
    'Benchmarks, whose figures depend on the machine: [the kernel](kernel.md), [paging](paging.md), [scheduling](scheduling.md), [agents](agents.md), [storage](storage.md), [watching a server](server.md), [sweeps](sweep.md).',
  ]);
}

/** Of the list: the page's link, and what it found. */
export function indexRow({ name, title, finding }: ResultPage): readonly [string, string] {
  return [`[${title}](${name}.md)`, finding];
}

function document(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** The first column is text, the others are figures. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(headers),
    line(
      headers.map((_, index) => (index === 0 || rows.some((row) => isText(row[index]!)) ? '---' : '---:')),
    ),
    ...rows.map(line),
  ].join('\n');
}

const isText = (cell: string): boolean => !/^[\d$−-]/.test(cell);

/** With one decimal, and without it where that says nothing. */
export function figure(value: number): string {
  return value
    .toFixed(1)
    .replace(/\.0$/, '')
    .replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** As a share of `of`, in whole per cent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

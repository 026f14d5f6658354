/** `ringzero trace info FILE`: what a page reference string looks like before any policy has seen it. */
import type { Command as CommanderCommand } from 'commander';

import { formatCount, formatDuration, formatPercent } from '../../report/format.ts';
import { printable } from '../../report/text-width.ts';
import { referenceStatistics, type ReferenceStatistics } from '../../sim/paging/reference-statistics.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import { readReferences, type ReadReferences } from '../read-references.ts';
import { addReadFlags, type ReadFlags } from '../trace-flags.ts';

type InfoOptions = CommonOptions & ReadFlags;

export const traceInfoCommand: Command<InfoOptions> = {
  name: 'info',
  summary: 'What is in a file of page references.',
  register(command: CommanderCommand): void {
    command.argument('<file>', 'page references, plain or compressed, - for standard input');
    addReadFlags(command);
  },
  async run({ operands: [path = ''], options }: Call<InfoOptions>, io: Io): Promise<number> {
    io.progress(`reading ${path}`);
    const read = await readReferences(path, options);
    const statistics = referenceStatistics(read.trace);
    const sha256 = await read.file.sha256();
    if (options.json) io.out(JSON.stringify(document(read, statistics, sha256), null, 1));
    else for (const line of infoLines(read, statistics, sha256)) io.out(line);
    return 0;
  },
};

function document(
  { trace, file, seconds, isFromCache }: ReadReferences,
  statistics: ReferenceStatistics,
  sha256: string,
): object {
  return {
    command: 'trace info',
    ringzero: packageVersion(),
    trace: file.path,
    format: trace.format,
    compression: file.compression,
    bytes: file.size,
    sha256,
    ...statistics,
    wall: { seconds, fromCache: isFromCache },
  };
}

function infoLines(
  { trace, file, seconds, isFromCache }: ReadReferences,
  { requests, unique, meanReuses, oneHitShare, mostPopularShare, sizes, spanUs }: ReferenceStatistics,
  sha256: string,
): string[] {
  const compression = file.compression === 'none' ? '' : `, ${file.compression}`;
  const rows: [label: string, text: string][] = [
    ['references', formatCount(requests)],
    [
      'pages',
      `${formatCount(unique)} (${formatPercent(oneHitShare)} referenced once, ${meanReuses.toFixed(1)} reuses on average)`,
    ],
    ['cold misses', `${formatPercent(unique / requests)} of the references: no memory avoids them`],
    ['most popular', `${formatPercent(mostPopularShare)} of the references go to one page`],
  ];
  if (sizes !== undefined) {
    const { min, max, mean, footprint, changing } = sizes;
    const changes = changing === 0 ? '' : `, ${formatCount(changing)} pages change theirs`;
    rows.push(
      ['sizes', `${formatCount(min)} to ${formatCount(max)}, mean ${formatCount(mean)}${changes}`],
      ['footprint', `${formatCount(footprint)} (every page once)`],
    );
  }
  if (spanUs !== undefined) rows.push(['time span', formatDuration(spanUs)]);
  rows.push(['sha256', sha256]);
  return [
    `${printable(file.path)}  ${trace.format}${compression}, ${formatCount(file.size)} bytes`,
    '',
    ...rows.map(([label, text]) => label.padEnd(14) + text),
    '',
    `${isFromCache ? 'opened from the cache' : 'read'} in ${seconds.toFixed(2)} s`,
  ];
}

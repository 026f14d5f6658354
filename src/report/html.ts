/** One self-contained HTML page: no file, font or address from outside; readable by day and by night, on paper and without its one small script. */
import { escapeXml } from './svg.ts';

export interface Section {
  readonly heading: string;
  /** Markup. */
  readonly content: string;
}

export interface HtmlColumn {
  readonly header: string;
  readonly align?: 'left' | 'right';
}

export interface HtmlCell {
  readonly text: string;
  /** What the column is sorted by; default: its text. */
  readonly value?: number;
  readonly isBest?: boolean;
}

export function htmlPage(title: string, subtitle: string, sections: readonly Section[]): string {
  const body = sections.map(
    ({ heading, content }) => `<section>\n<h2>${escapeXml(heading)}</h2>\n${content}\n</section>`,
  );
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    `<h1>${escapeXml(title)}</h1>`,
    `<p class="sub">${escapeXml(subtitle)}</p>`,
    ...body,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** A click on a header sorts by that column, another click the other way. */
export function htmlTable(columns: readonly HtmlColumn[], rows: readonly (readonly HtmlCell[])[]): string {
  const head = columns.map(
    ({ header, align }) => `<th scope="col"${classOf(align, false)}>${escapeXml(header)}</th>`,
  );
  const body = rows.map((row) => {
    const cells = row.map(({ text, value, isBest = false }, index) => {
      const sort = value === undefined ? '' : ` data-value="${value}"`;
      return `<td${classOf(columns[index]?.align, isBest)}${sort}>${escapeXml(text)}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<div class="wide"><table data-sortable><thead><tr>${head.join('')}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

/** A drawing (SVG markup) as wide as the page, but never so narrow that its text cannot be read: then it scrolls. */
export function htmlDrawing(svg: string): string {
  return `<div class="wide drawing">${svg}</div>`;
}

/** Names and what they stand for. */
export function htmlFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const rows = facts.map(([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd>`);
  return `<dl>\n${rows.join('\n')}\n</dl>`;
}

/** None without notes. One sentence each. */
export function noteSections(notes: readonly string[]): Section[] {
  if (notes.length === 0) return [];
  const items = notes.map((note) => `<li>${escapeXml(note)}</li>`);
  return [{ heading: 'Notes', content: `<ul>${items.join('')}</ul>` }];
}

/** The command line that makes the page again, and what it needs. */
export function repeatSection(command: string, version: string, seed: number): Section {
  const facts = htmlFacts([
    ['ringzero', version],
    ['seed', String(seed)],
  ]);
  return { heading: 'To repeat it', content: `<pre>${escapeXml(command)}</pre>\n${facts}` };
}

function classOf(align: HtmlColumn['align'], isBest: boolean): string {
  const names = [...(align === 'right' ? ['r'] : []), ...(isBest ? ['best'] : [])];
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

const style = `
:root{color-scheme:light dark;--ink:#1f2430;--faint:#5b6272;--ground:#f6f7fa;--card:#fff;--rule:#dfe3eb;--best:#dff2e9}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaf0;--faint:#a2a9b8;--ground:#14171e;--card:#1c212b;--rule:#343b49;--best:#143d2e}}
body{margin:0 auto;padding:24px 20px 60px;max-width:1160px;font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",Arial,sans-serif;color:var(--ink);background:var(--ground)}
h1{font-size:24px;margin:0}h2{font-size:17px;margin:32px 0 10px}.sub{color:var(--faint);margin:2px 0 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:0}dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;background:var(--card);font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;border-bottom:1px solid var(--rule);text-align:left;white-space:nowrap}th{cursor:pointer;user-select:none}
th[aria-sort=ascending]::after{content:" \\2191"}th[aria-sort=descending]::after{content:" \\2193"}
.r{text-align:right}.best{background:var(--best);font-weight:600}
th:first-child,td:first-child{position:sticky;left:0;background:var(--card)}
.drawing{margin:0 0 14px}svg{min-width:760px;max-width:100%;height:auto;display:block}
@media screen and (prefers-color-scheme:dark){svg{filter:invert(.9) hue-rotate(180deg)}}
pre{background:var(--card);border:1px solid var(--rule);padding:10px 12px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
@media print{body{background:#fff}th{cursor:auto}}
`;

const script = `
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, index) => header.addEventListener('click', () => {
    const direction = header.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    for (const other of headers) other.removeAttribute('aria-sort');
    header.setAttribute('aria-sort', direction === 1 ? 'ascending' : 'descending');
    const key = (row) => row.cells[index].dataset.value ?? row.cells[index].textContent;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const [p, q] = [Number(x), Number(y)];
      return direction * (Number.isNaN(p) || Number.isNaN(q) ? (x < y ? -1 : x > y ? 1 : 0) : p - q);
    });
    table.tBodies[0].append(...rows);
  }));
}
`;

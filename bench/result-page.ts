/** What a benchmark prints, in Markdown; it may be kept as a page of docs/results. */
import { writeFileSync } from 'node:fs';

export class ResultPage {
  private readonly lines: string[] = [];

  readonly say = (line = ''): void => {
    console.log(line);
    this.lines.push(line);
  };

  /** All columns but the first are figures. */
  readonly sayTable = (columns: readonly string[], rows: readonly (readonly string[])[]): void => {
    const { say } = this;
    say(`| ${columns.join(' | ')} |`);
    say(`| ${columns.map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`);
    for (const cells of rows) say(`| ${cells.join(' | ')} |`);
    say();
  };

  /** As docs/results/NAME.md. */
  keep(name: string): void {
    const text = `${this.lines.join('\n').trimEnd()}\n`;
    writeFileSync(new URL(`../docs/results/${name}.md`, import.meta.url), text);
  }
}

/** Without a fraction, with commas. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

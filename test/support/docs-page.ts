import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { projectRoot } from './source.ts';

/** A page of the documentation whose commands are run. */
export class DocsPage {
  readonly text: string;

  /** `path` from the project's root. */
  constructor(path: string) {
    this.text = readFileSync(join(projectRoot, path), 'utf8');
  }

  /** The blocks of code in this language. */
  blocks(language: string): string[] {
    return [...this.text.matchAll(/```(\w+)\n([^]*?)```/g)].flatMap(([, name, text = '']) =>
      name === language ? [text] : [],
    );
  }

  /**
   * Runs each `$ ringzero …` of the page's console blocks in a new folder, which `prepare` fills: what it printed, and what the page says. `normal`: what is no
   * promise, such as a time, made the same on both sides.
   */
  runCommands(
    prepare: (folder: string) => void,
    normal: (text: string) => string = (text) => text,
  ): Printed[] {
    const folder = mkdtempSync(join(tmpdir(), 'ringzero-page-'));
    try {
      prepare(folder);
      return this.blocks('console').flatMap((block) =>
        [...block.matchAll(/^\$ ringzero (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(([, words = '', said = '']) => {
          const command = [join(projectRoot, 'src/cli/main.ts'), ...words.split(' ')];
          const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
          return { words, printed: normal(stdout + stderr), said: normal(said) };
        }),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

interface Printed {
  readonly words: string;
  readonly printed: string;
  readonly said: string;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { projectRoot } from './source.ts';

const runner = join(projectRoot, 'test/support/page-commands.ts');

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
   * promise, such as a time, made the same on both sides. `inspect` sees the folder afterwards.
   */
  runCommands(
    prepare: (folder: string) => void,
    normal: (text: string) => string = (text) => text,
    inspect: (folder: string) => void = () => {},
  ): Printed[] {
    const folder = mkdtempSync(join(tmpdir(), 'ringzero-page-'));
    try {
      prepare(folder);
      const commands = this.blocks('console').flatMap((block) => [
        ...block.matchAll(/^\$ ringzero (.*)\n((?:(?!\$ ).*\n)*)/gm),
      ]);
      const all = JSON.stringify(commands.map(([, words = '']) => shellWords(words)));
      const { stdout, stderr } = spawnSync(process.execPath, [runner, all], {
        cwd: folder,
        env: plainEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
      });
      if (stderr !== '') throw new Error(stderr);
      const screens = JSON.parse(stdout) as readonly string[];
      inspect(folder);
      return commands.map(([, words = '', said = ''], index) => ({
        words,
        printed: normal(screens[index]!),
        said: normal(said),
      }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** Split at spaces, but not within quotes. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}

/** Without the model that somebody has set for agents of their own, and with runs in the folder. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^RINGZERO_(MODEL|STORE)/.test(name)),
  );
}

interface Printed {
  readonly words: string;
  readonly printed: string;
  readonly said: string;
}

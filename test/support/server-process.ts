/** `ringzero serve` as a process of its own, asked over real HTTP. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { projectRoot } from './source.ts';

export interface Answered<Body> {
  readonly status: number;
  readonly body: Body;
}
export type Fields = Readonly<Record<string, unknown>>;

export class ServerProcess {
  readonly url: string;
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | NodeJS.Signals>;
  private readonly lines: string[];

  /** Resolves when it listens. `words`: flags of the command; a free port is one of them. */
  static async start(folder: string, words: readonly string[]): Promise<ServerProcess> {
    const { RINGZERO_STORE: _, ...env } = process.env;
    const child = spawn(
      process.execPath,
      [join(projectRoot, 'src/cli/main.ts'), 'serve', '--port', '0', ...words],
      { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const lines: string[] = [];
    const url = await new Promise<string>((resolve, reject) => {
      const heard = (bytes: Buffer): void => {
        lines.push(bytes.toString());
        const [, found] = /listening on (\S+)/.exec(lines.join('')) ?? [];
        if (found !== undefined) resolve(found);
      };
      child.stdout.on('data', heard);
      child.stderr.on('data', heard);
      child.on('exit', () => reject(new Error(`it ended: ${lines.join('')}`)));
    });
    return new ServerProcess(child, url, lines);
  }

  private constructor(child: ChildProcess, url: string, lines: string[]) {
    this.child = child;
    this.url = url;
    this.lines = lines;
    this.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal!)));
  }

  /** What it has printed. */
  get said(): string {
    return this.lines.join('');
  }

  /** Resolves, to the exit status or the signal, when it has ended. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.ended;
  }

  async get<Body = Fields>(path: string): Promise<Answered<Body>> {
    return answered(await fetch(`${this.url}${path}`));
  }

  async post<Body = Fields>(path: string, body: unknown = {}): Promise<Answered<Body>> {
    return answered(
      await fetch(`${this.url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
  }
}

async function answered<Body>(response: Response): Promise<Answered<Body>> {
  return { status: response.status, body: (await response.json()) as Body };
}

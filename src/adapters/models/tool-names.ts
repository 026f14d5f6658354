import type { OfferedTool } from '../../kernel/syscalls.ts';

/** What model servers allow: most refuse a whole request for one name beyond it. */
const lengthMax = 64;
const notAllowed = /[^a-zA-Z0-9_-]/g;

/**
 * The names of tools as a model gets to know them. A registered name may hold dots and 128 characters, which hosted models refuse; it is told with `_` for what they don't take,
 * cut off, and numbered where two would be the same. What the model asks for is told back under the registered name.
 */
export class ToolNames {
  private readonly told = new Map<string, string>();
  private readonly registered = new Map<string, string>();

  /** Those that need no change keep their names, whatever the others become. */
  constructor(tools: readonly Pick<OfferedTool, 'name'>[]) {
    for (const { name } of tools) if (plain(name) === name) this.pair(name, name);
    for (const { name } of tools) if (plain(name) !== name) this.pair(name, this.unlike(plain(name)));
  }

  /** For the model. A tool that is not offered any more, in an old message, is told by the same rule. */
  toModel(name: string): string {
    return this.told.get(name) ?? plain(name);
  }

  /** From the model; a name that was never told stays what it is. */
  fromModel(name: string): string {
    return this.registered.get(name) ?? name;
  }

  private pair(name: string, told: string): void {
    this.told.set(name, told);
    this.registered.set(told, name);
  }

  private unlike(name: string): string {
    let told = name;
    for (let number = 2; this.registered.has(told); number++)
      told = `${name.slice(0, lengthMax - 1 - String(number).length)}_${number}`;
    return told;
  }
}

function plain(name: string): string {
  return name.replace(notAllowed, '_').slice(0, lengthMax);
}

import type { Io, Person } from '../../src/cli/command.ts';

/** Somebody at the terminal who answers what is printed: each rule once, in their order. */
export class TerminalPerson implements Person {
  readonly isThere = true;
  private listener: ((line: string | undefined) => void) | undefined;
  private interrupt: (() => void) | undefined;
  private readonly rules: (readonly [shown: RegExp, act: string | undefined])[];
  private seen = '';

  /** `rules`: what is typed when the screen shows this; `Ctrl-C`: that, as often as it stands there; undefined: the input ends. */
  constructor(...rules: readonly (readonly [shown: RegExp, act: string | undefined])[]) {
    this.rules = [...rules];
  }

  onLine(listener: (line: string | undefined) => void): () => void {
    this.listener = listener;
    return () => (this.listener = undefined);
  }

  onInterrupt(listener: () => void): () => void {
    this.interrupt = listener;
    return () => (this.interrupt = undefined);
  }

  /** The screen: both outputs in their order. */
  io(): Partial<Io> & { readonly screen: () => string } {
    let screen = '';
    const show = (text: string): void => {
      screen += text;
      this.seen += text;
      this.act();
    };
    return {
      out: (text) => show(`${text}\n`),
      write: show,
      err: (text) => show(`${text}\n`),
      person: this,
      screen: () => screen,
    };
  }

  private act(): void {
    const [rule] = this.rules;
    if (rule === undefined || !rule[0].test(this.seen)) return;
    this.rules.shift();
    this.seen = '';
    // People are slower than the program.
    setImmediate(() => {
      const interrupts = rule[1]?.match(/Ctrl-C/g) ?? [];
      for (const _ of interrupts) this.interrupt?.();
      if (interrupts.length === 0) this.listener?.(rule[1]);
      this.act();
    });
  }
}

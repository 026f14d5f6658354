/** What somebody at a terminal sees of live agents: the words of the model on standard output as they come, everything else in short lines on standard error. */
import { Chalk } from 'chalk';

import { responseCacheName } from '../../agents/loop/response-cache.ts';
import type { NumberedDelta } from '../../host/answer-streams.ts';
import type { ModelReply, ToolReply } from '../../host/ports.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { ToolStart } from '../../kernel/requests.ts';
import type { Io } from '../command.ts';
import type { LiveWatcher } from './live-watcher.ts';
import { visible } from './visible-text.ts';

export class RunView implements LiveWatcher {
  /** All that the model said in its last answer. */
  lastAnswer = '';
  /** Why the last model call failed; '': it did not. */
  lastProblem = '';
  /** The tools that there are. */
  offered: readonly string[] = [];
  private readonly io: Io;
  private readonly chalk: InstanceType<typeof Chalk>;
  private readonly names = new Map<Pid, string>();
  /** Several agents: their words come in whole lines, each with its name. */
  private readonly isTeam: boolean;
  private readonly lines = new Map<Pid, string>();
  /** Standard output stands in the middle of a line. */
  private isOpen = false;
  private isReasoning = false;
  private answering = '';
  private isQuiet = false;

  constructor(io: Io, { isTeam }: { readonly isTeam: boolean }) {
    this.io = io;
    this.isTeam = isTeam;
    this.chalk = new Chalk({ level: io.colours ? 1 : 0 });
  }

  /** From now on only what is told by `line` is shown: it is being stopped. */
  quiet(): void {
    this.isQuiet = true;
  }

  /** A line on standard error, below whatever stands on the screen. */
  line(text: string): void {
    this.endLine();
    this.io.err(visible(text));
  }

  note(text: string): void {
    this.endLine();
    this.io.err(this.chalk.dim(visible(text)));
  }

  /** Words of a model on standard output: as they are, but on a terminal without what would play with it. */
  words(text: string): string {
    return this.io.isTerminal ? visible(text) : text;
  }

  onEvent(event: KernelEvent): void {
    if (event.type === 'process.spawned') {
      if (event.parent === 0) return;
      this.names.set(event.pid, event.name);
      if (!this.isQuiet) this.note(`· ${event.name} starts`);
    } else if (event.type === 'process.terminated') {
      const { pid, outcome, message } = event;
      if (outcome !== 'completed' && this.names.has(pid) && !this.isQuiet)
        this.line(`! ${this.names.get(pid)} ${outcome}${message === '' ? '' : `: ${message}`}`);
    } else if (event.type === 'tool.interrupted' && event.tool !== responseCacheName)
      this.line(
        `! ${this.of(event.pid)}${event.tool} had started when the run was cut off: whether it acted is not known, and the model is told so`,
      );
    else if (event.type === 'budget.overrun')
      this.note(`! the budget is overrun by ${event.amount} ${event.resource}`);
  }

  onDelta({ pid, aside, delta }: NumberedDelta): void {
    if (this.isQuiet || aside) return;
    const { type, text } = delta;
    if (type === 'text') this.said(pid, text);
    // Where nobody looks on, what a model thinks is none of its answer.
    else if (type === 'reasoning' && this.io.isTerminal && !this.isTeam) this.thought(text);
  }

  onReply(pid: Pid, { toolCalls, failed, finish }: ModelReply): void {
    if (this.isQuiet) return;
    this.endTeamLine(pid);
    this.endLine();
    this.lastAnswer = this.answering;
    this.answering = '';
    this.lastProblem = failed?.message ?? '';
    if (failed !== undefined) this.line(`! ${this.of(pid)}${failed.message}`);
    for (const { tool, malformed } of finish === undefined ? [] : toolCalls)
      if (!this.offered.includes(tool))
        this.line(`! ${this.of(pid)}there is no tool ${tool}: the model is told so`);
      else if (malformed !== undefined)
        this.line(`! ${this.of(pid)}${tool}: the call is not made, its arguments are no JSON object`);
    if (finish === 'length')
      this.line(`! ${this.of(pid)}the answer is cut off at the longest that it may be`);
  }

  onToolStart({ pid, tool, arguments: args }: ToolStart): void {
    if (!this.isQuiet) this.note(this.cut(`· ${this.of(pid)}${tool} ${shown(args)}`));
  }

  onToolEnd({ pid, tool }: ToolStart, { ok, value }: ToolReply): void {
    if (this.isQuiet) return;
    const text = this.cut(`${ok ? '  →' : '  ✗'} ${this.of(pid)}${tool}: ${shown(value)}`);
    if (ok) this.note(text);
    else this.line(text);
  }

  onModel(pid: Pid, model: string): void {
    if (!this.isQuiet) this.note(`· ${this.of(pid)}asks ${model}`);
  }

  onRecall(count: number): void {
    if (!this.isQuiet) this.note(`· ${count === 1 ? '1 memory is' : `${count} memories are`} about it`);
  }

  onNotice(line: string): void {
    if (!this.isQuiet) this.note(`· ${line}`);
  }

  /** Ends the line that standard output stands in. */
  endLine(): void {
    if (this.isOpen) this.io.write('\n');
    this.isOpen = false;
    this.isReasoning = false;
  }

  /** The name before what an agent of a team does. */
  of(pid: Pid): string {
    return this.isTeam ? `${this.names.get(pid) ?? pid} | ` : '';
  }

  private said(pid: Pid, text: string): void {
    this.answering += text;
    if (this.isTeam) return this.saidInTeam(pid, text);
    if (this.isReasoning) this.endLine();
    this.io.write(this.words(text));
    this.isOpen = !text.endsWith('\n');
  }

  private thought(text: string): void {
    if (!this.isReasoning) this.endLine();
    this.io.write(this.chalk.dim(this.words(text)));
    this.isReasoning = true;
    this.isOpen = true;
  }

  private saidInTeam(pid: Pid, text: string): void {
    const lines = `${this.lines.get(pid) ?? ''}${text}`.split('\n');
    this.lines.set(pid, lines.pop()!);
    for (const line of lines) this.io.write(`${this.of(pid)}${this.words(line)}\n`);
  }

  private endTeamLine(pid: Pid): void {
    const rest = this.lines.get(pid) ?? '';
    if (rest !== '') this.io.write(`${this.of(pid)}${this.words(rest)}\n`);
    this.lines.delete(pid);
  }

  private cut(line: string): string {
    const width = Math.max(40, this.io.columns);
    return line.length < width ? line : `${line.slice(0, width - 2)}…`;
  }
}

export function shown(value: Json): string {
  // JSON is one line already, and a space more may be what it is about.
  return typeof value === 'string' ? value.replaceAll(/\s+/g, ' ') : JSON.stringify(value);
}

/**
 * `--model scripted`: no model at all, so that everything around a model can be seen and tried without one. It calls the tools that its user writes down, `NAME {…}`, all of one
 * message side by side, and repeats what they gave; where none is written down it shows one call of its own.
 */
import { isInjection } from '../../agents/memory/injection.ts';
import type { Message } from '../../agents/model/messages.ts';
import type { ModelCall, SimulatedModel } from '../../agents/model/model-call.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { estimateTokens } from '../../kernel/estimate.ts';
import type { Json } from '../../kernel/ids.ts';
import type { AskedCall, ThinkScript } from '../../kernel/syscalls.ts';
import { saying, scriptedModel } from '../../sim/devices/models/scripted-model.ts';

export const scriptedAnswers: SimulatedModel = scriptedModel((asked) => {
  const { identity, maxOutput, request, tools } = asked;
  // Memories are no orders.
  const messages = asked.messages.filter((message) => !isInjection(message));
  const call = { identity, maxOutput, request, tools, messages };
  // A reflection.
  if (request.format !== undefined) return saying(JSON.stringify(reflection));
  const turn = call.tools.length > 0 ? nextTurn(call) : undefined;
  if (turn === undefined) return finalAnswer(messages);
  const calls = turn.calls.map((one, index): AskedCall => ({
    id: `call-${turn.number}-${index + 1}`,
    ...one,
  }));
  return saying(`I call ${calls.map(({ tool }) => tool).join(', ')}.`, ...calls);
});

const reflection = { score: 1, issues: [], suggestions: [], goOn: true, plan: '' };

type WrittenCall = Required<Pick<AskedCall, 'tool' | 'arguments'>>;

/** The calls of the first message of the user that has some and whose calls have not been made; ids tell of which message a call was. */
function nextTurn(
  call: ModelCall,
): { readonly number: number; readonly calls: readonly WrittenCall[] } | undefined {
  const { messages } = call;
  const made = new Set(
    messages.flatMap((message) =>
      message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id.split('-')[1]) : [],
    ),
  );
  const turns = messages
    .filter(({ role }) => role === 'user')
    .map((message, index) => ({ number: index + 1, calls: writtenCalls(textOf(message)) }))
    .filter(({ calls }) => calls.length > 0);
  if (turns.length === 0 && made.size === 0) return ownTurn(call);
  return turns.find(({ number }) => !made.has(String(number)));
}

/** All `NAME {…}` of a text, in their order. */
function writtenCalls(text: string): readonly WrittenCall[] {
  const calls: WrittenCall[] = [];
  const name = /([\w.-]+)\s*\{/g;
  for (let found = name.exec(text); found !== null; found = name.exec(text)) {
    const from = name.lastIndex - 1;
    const end = ends(text, from).find((at) => parsed(text.slice(from, at)) !== undefined);
    if (end === undefined) continue;
    calls.push({ tool: found[1]!, arguments: parsed(text.slice(from, end))! });
    name.lastIndex = end;
  }
  return calls;
}

function ends(text: string, from: number): readonly number[] {
  return [...text.slice(from).matchAll(/\}/g)].map(({ index }) => from + index + 1);
}

function parsed(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Something to see: the arithmetic of the task, else the time. */
function ownTurn({ messages, tools }: ModelCall): ReturnType<typeof nextTurn> {
  const has = (name: string): boolean => tools.some((tool) => tool.name === name);
  const task = textOf(messages.find(({ role }) => role === 'user'));
  const [sum = ''] = /[\d(][\d\s.()+*/^-]*[+*/^-][\d\s.()+*/^-]*[\d)]/.exec(task) ?? [];
  if (has('calculator') && sum !== '')
    return { number: 1, calls: [{ tool: 'calculator', arguments: { expression: sum.trim() } }] };
  return has('time') ? { number: 1, calls: [{ tool: 'time', arguments: {} }] } : undefined;
}

function finalAnswer(messages: readonly Message[]): ThinkScript {
  const results = messages.flatMap((message) =>
    message.role === 'tool'
      ? [`${message.tool}${message.ok ? '' : ' failed'}: ${shortText(message.value)}`]
      : [],
  );
  const said =
    results.length > 0
      ? `The tools gave:\n${results.map((line) => `- ${line}`).join('\n')}\n`
      : 'I have called no tool. ';
  const text = `${said}I am a script, not a model: I call what is written in the task as NAME {"argument": …}.`;
  return { text, tokensOut: estimateTokens(text), finish: 'stop' };
}

const shortText = (value: Json): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
};

const textOf = (message: Message | undefined): string =>
  message !== undefined && 'text' in message ? message.text : '';

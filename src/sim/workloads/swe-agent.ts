/**
 * One recorded software-engineering agent: what the model answered, the shell command it asked for, what came back and how
 * long it took. Model times and token counts are not recorded.
 * Format: one JSON object {trajectory: [{response, action, observation, execution_time, …}], history: [messages]}.
 * Source: SWE-agent/SWE-agent (Yang et al., "SWE-agent", 2024).
 */
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import { estimateTokens } from '../../kernel/estimate.ts';
import { answerText } from './chat.ts';
import { arrayAt, fieldError, jsonAt, objectAt, stringAt, timeUsAt } from './fields.ts';
import type { JsonObject, Place } from './fields.ts';

/** One agent, named after `environment` where recorded. */
export function parseSweAgent(file: string, text: string): AgentSpec[] {
  const place = { file, at: '' };
  const document = objectAt(place, 'document', jsonAt(place, text));
  const trajectory = arrayAt(place, 'trajectory', document['trajectory']);
  if (trajectory.length === 0) throw fieldError(place, 'trajectory', trajectory, 'at least one step');
  const entries = trajectory.map((entry, index) => entryOf(file, entry, index));
  const messages = messagesOf(place, document, entries);
  const start = messages.findIndex(isAnswer);
  const opening = start === -1 ? messages : messages.slice(0, start);
  const talk = new Talk(start === -1 ? [] : messages.slice(start));
  const steps: AgentStep[] = opening.map(pageOf);
  for (const entry of entries) steps.push(...stepsOf(entry, talk));
  const environment = document['environment'];
  const name = typeof environment === 'string' && environment !== '' ? environment : 'swe-agent';
  return [{ name, messages: messages.length, steps }];
}

interface Entry {
  readonly place: Place;
  readonly fields: JsonObject;
  readonly response: string;
}

/** A message of the prompt, with its text. */
interface Message {
  readonly role: string;
  readonly content: string;
  readonly isDemonstration: boolean;
  readonly toolCalls: readonly unknown[];
}

function entryOf(file: string, value: unknown, index: number): Entry {
  const place = { file, at: `step ${index + 1}` };
  const fields = objectAt(place, 'step', value);
  return { place, fields, response: stringAt(place, 'response', fields['response']) };
}

function stepsOf({ place, fields, response }: Entry, talk: Talk): AgentStep[] {
  const action = stringAt(place, 'action', fields['action']);
  const observation = stringAt(place, 'observation', fields['observation']);
  const { toolCalls, reply } = talk.exchange(response);
  const text = answerText(response, toolCalls);
  // The message that joined the prompt says more than the observation: the shell's state follows it.
  const result = reply ?? observation;
  const durationUs = fields['execution_time'];
  const think: AgentStep = { op: 'think', tokensOut: estimateTokens(text), text };
  const command = action.trim();
  if (command === '') return result === '' ? [think] : [think, { op: 'page', kind: 'user', text: result }];
  const call = {
    tool: /^\S+/.exec(command)![0],
    arguments: { command: action },
    result,
    ...(durationUs === undefined
      ? {}
      : { durationUs: timeUsAt(place, 'execution_time', durationUs, 1_000_000) }),
  };
  return [think, { op: 'tools', calls: [call] }];
}

/** The whole conversation; in files without it, the beginning that the first step records. */
function messagesOf(place: Place, document: JsonObject, entries: readonly Entry[]): Message[] {
  const first = entries[0]!.fields;
  const recorded = document['history'] ?? first['query'] ?? first['messages'] ?? [];
  return arrayAt(place, 'history', recorded).map((value, index) => {
    const messagePlace = { file: place.file, at: `message ${index + 1}` };
    const fields = objectAt(messagePlace, 'message', value);
    const { content, tool_calls: toolCalls } = fields;
    return {
      role: stringAt(messagePlace, 'role', fields['role']),
      content: contentText(messagePlace, content),
      isDemonstration: fields['is_demo'] === true || fields['message_type'] === 'demonstration',
      toolCalls:
        toolCalls === undefined || toolCalls === null ? [] : arrayAt(messagePlace, 'tool_calls', toolCalls),
    };
  });
}

/** A string, or a list of parts of which those with text count. */
function contentText(place: Place, content: unknown): string {
  if (typeof content === 'string') return content;
  if (content === null) return '';
  const parts = arrayAt(place, 'content', content).map((part) =>
    objectAt(place, 'part of the content', part),
  );
  return parts.map(({ text }) => (typeof text === 'string' ? text : '')).join('');
}

function isAnswer({ role, isDemonstration }: Message): boolean {
  return role === 'assistant' && !isDemonstration;
}

function pageOf({ role, content }: Message): AgentStep {
  if (role === 'system') return { op: 'page', kind: 'system', text: content, importance: 1, pinned: true };
  return { op: 'page', kind: role === 'assistant' ? 'assistant' : 'user', text: content };
}

/** The conversation after its beginning, walked beside the steps. */
class Talk {
  private readonly messages: readonly Message[];
  private next = 0;

  constructor(messages: readonly Message[]) {
    this.messages = messages;
  }

  /** What else the conversation says of this answer: its tool calls, and the message that replied to it. */
  exchange(response: string): { readonly toolCalls: readonly unknown[]; readonly reply: string | undefined } {
    const { messages } = this;
    const found = messages.findIndex(
      (message, index) => index >= this.next && isAnswer(message) && message.content === response,
    );
    if (found === -1) return { toolCalls: [], reply: undefined };
    this.next = found + 1;
    const reply = messages[found + 1];
    const isReply = reply !== undefined && !isAnswer(reply);
    return { toolCalls: messages[found]!.toolCalls, reply: isReply ? reply.content : undefined };
  }
}

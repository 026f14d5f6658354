import type { Json } from '../../kernel/ids.ts';
import type { ToolReply } from '../../host/ports.ts';
import { failed, ok } from './live-tool.ts';

/** Characters of a result that are kept. */
export const resultLength = 1_000_000;

/** A result as the protocol has it. */
export interface McpResult {
  readonly content?: readonly McpContent[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}
type McpContent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** What a tool gave: its structured result, else its texts; what is no text is named. A longer one than a tool may give is cut, and says so. */
export function replyOf({ content = [], structuredContent, isError }: McpResult): ToolReply {
  const text = cut(content.map(textOf).join('\n'));
  if (isError === true) return failed(text === '' ? 'the tool failed' : text);
  if (structuredContent === undefined) return ok(text);
  const whole = JSON.stringify(structuredContent);
  return ok(whole.length > resultLength ? cut(whole) : (structuredContent as Json));
}

function textOf(part: McpContent): string {
  const { type, mimeType } = part;
  const kind = typeof mimeType === 'string' ? ` ${mimeType}` : '';
  switch (type) {
    case 'text':
      return String(part['text']);
    case 'resource': {
      const { uri, text } = (part['resource'] ?? {}) as { readonly uri?: unknown; readonly text?: unknown };
      return typeof text === 'string' ? text : `[resource ${String(uri)}]`;
    }
    case 'resource_link':
      return `[resource ${String(part['uri'])}]`;
    default:
      return `[${type}${kind}]`;
  }
}

const cut = (text: string): string =>
  text.length > resultLength
    ? `${text.slice(0, resultLength)}\n[${text.length - resultLength} characters more]`
    : text;

/** What two recorded formats of chats with tool calls have in common. */

/** An answer as it joins the prompt: what was said, then what was called, as JSON. */
export function answerText(content: string | null, toolCalls: readonly unknown[]): string {
  const calls = toolCalls.length === 0 ? '' : JSON.stringify(toolCalls);
  return [content ?? '', calls].filter((part) => part !== '').join('\n');
}

/** The arguments as data; a model can write what is not JSON, and then the text is what was recorded. */
export function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What moves a terminal's cursor, changes what stands on it, or the direction of its text; but for the ends of lines and tabs. */
// oxlint-disable-next-line no-control-regex
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of models, tools and servers for a terminal: what would not be seen is spelled out, so that nobody says yes to something else than what stands there. */
export function visible(text: string): string {
  return text
    .replaceAll('\r', '')
    .replaceAll(hidden, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

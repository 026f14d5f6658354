/** How a text that somebody else wrote stands in a prompt: as data, which speaks for nobody. */

/** Whatever a reader might take for the end of a line. */
const lineEnds = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;

/** Each line behind a mark, so that no text in it can end the quotation and speak with another voice. What else is no text is a space, and the marks by which chat templates tell roles apart are broken up. */
export function quoted(text: string): string {
  return text
    .split(lineEnds)
    .map(
      (line) =>
        `> ${line
          .replaceAll(/\p{Cc}/gu, ' ')
          .replaceAll('<|', '< |')
          .replaceAll('|>', '| >')}`,
    )
    .join('\n');
}

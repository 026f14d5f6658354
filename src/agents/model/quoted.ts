/** Whatever a reader might take for the end of a line. */
const lineEnds = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;

/** Each line behind a mark: what somebody else wrote must not speak with the voice of who quotes it. What else is no text is a space, and the marks by which chat templates tell roles apart are broken up. */
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

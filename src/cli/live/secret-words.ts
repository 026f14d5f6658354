/** What looks like a secret, so that it is neither taken from a file nor kept in a store. */

/** The name of a field, a flag or a parameter that holds one. */
export function looksSecret(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some((word) => word.includes('apikey'))) return true;
  const last = words.findLast((word) => !/^\d*$/.test(word)) ?? '';
  return last === 'key' || (!aboutOne.has(last) && words.some((word) => secretNames.has(word)));
}

const secretNames: ReadonlySet<string> = new Set(
  'secret secrets password passwords passwd passphrase token authorization bearer credential credentials'.split(
    ' ',
  ),
);

/** What a name ends with that says something of a secret, but not the secret itself. */
const aboutOne: ReadonlySet<string> = new Set(
  'budget bytes count dir endpoint expiry file folder id length limit max min ms name path seconds size ttl type uri url'.split(
    ' ',
  ),
);

/** Which of the words of a command hold one: the value of such a flag, or a URL with a user, a password or a query. */
export function secretWords(words: readonly string[]): readonly boolean[] {
  return words.map((word, index) => {
    const [, flag] = /^-{0,2}([\w-]+)=./.exec(word) ?? [];
    if (flag !== undefined && looksSecret(flag)) return true;
    const before = words[index - 1];
    if (before?.startsWith('-') === true && looksSecret(before.replace(/^-+/, ''))) return true;
    return bareUrl(word) !== word;
  });
}

/** A URL without a user, a password and a query, any of which may be secret; what is none stays as it is. */
export function bareUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?]*)\?.*$/is, '$1');
}

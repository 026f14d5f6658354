/** Files as resources: keys that follow from the text of a path alone, so that a recording can be rerun where there are no such files. */

/** The place that `path` names in the folder `root`, `.` for the folder itself; undefined: it is outside. Both as their system writes them. */
export function placeIn(root: string, path: string): string | undefined {
  if (path.includes('\0')) return undefined;
  const isWindows = /^[A-Za-z]:[\\/]|^\\\\/.test(root);
  const plain = (text: string): string => (isWindows ? text.replaceAll('\\', '/') : text);
  const base = partsOf(plain(root));
  const isAbsolute = isWindows ? /^(?:[A-Za-z]:)?[\\/]/.test(path) : path.startsWith('/');
  const whole = isAbsolute ? partsOf(plain(path)) : [...base, ...partsOf(plain(path))];
  const parts: string[] = [];
  for (const part of whole) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  if (base.some((part, index) => parts[index] !== part)) return undefined;
  return parts.slice(base.length).join('/') || '.';
}

/** Keys of a file or folder: those of the folders above it, then its own. */
export function fileKeys(root: string, path: string): readonly string[] {
  const place = placeIn(root, path) ?? path;
  const parts = place === '.' ? [] : place.split('/');
  return ['file:.', ...parts.map((_, at) => `file:${parts.slice(0, at + 1).join('/')}`)];
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

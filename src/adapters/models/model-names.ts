/**
 * The entry of a model in a table by names: of its name as it is, or without what stands before it (`openai/gpt-4o`) and without the date behind it (`gpt-4o-2024-08-06`). Undefined: not
 * known; a name that only begins alike is another model.
 */
export function entryOfModel<Entry>(
  model: string,
  table: Readonly<Record<string, Entry>>,
): Entry | undefined {
  const short = model.slice(model.lastIndexOf('/') + 1);
  for (const name of [model, short, withoutDate(model), withoutDate(short)])
    if (Object.hasOwn(table, name)) return table[name];
  return undefined;
}

function withoutDate(name: string): string {
  return name.replace(/[-@](\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, '');
}

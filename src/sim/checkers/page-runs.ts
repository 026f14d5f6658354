/**
 * The resident pages of one engine as runs of consecutive ids, in id order: thousands of pages cost what one does. Events tell the
 * tokens of whole runs only, so each load is remembered as a batch whose total is known; when parts of it leave, what is left must
 * add up.
 *
 * Cost: a binary search, and moving the runs behind the place of a change.
 */

/** Tokens of pages that came in together. Batches become one when an event takes parts of both: only their sum is known then. */
interface Batch {
  pages: number;
  tokens: number;
  mergedInto: Batch | undefined;
}

/** Pages [first, end) of one batch. */
interface Run {
  readonly first: number;
  readonly end: number;
  readonly batch: Batch;
}

export class PageRuns {
  private readonly runs: Run[] = [];
  tokens = 0;

  /** Adds pages. Returns what is wrong, or undefined. */
  add(first: number, pages: number, tokens: number): string | undefined {
    const problem = shapeProblem(first, pages, tokens);
    if (problem !== undefined) return problem;
    const at = this.firstBehind(first);
    const next = this.runs[at];
    if (next !== undefined && next.first < first + pages)
      return `page ${Math.max(next.first, first)} is resident already`;
    const batch: Batch = { pages, tokens, mergedInto: undefined };
    this.runs.splice(at, 0, { first, end: first + pages, batch });
    this.tokens += tokens;
    return undefined;
  }

  /** Removes pages. Returns what is wrong, or undefined. */
  remove(first: number, pages: number, tokens: number): string | undefined {
    const problem = shapeProblem(first, pages, tokens);
    if (problem !== undefined) return problem;
    const end = first + pages;
    const from = this.firstBehind(first);
    let page = first;
    let to = from;
    while (page < end) {
      const run = this.runs[to];
      if (run === undefined || run.first > page) return `page ${page} is not resident`;
      page = run.end;
      to++;
    }
    const taken = this.runs.slice(from, to);
    this.runs.splice(from, to - from, ...remainders(taken, first, end));
    this.tokens -= tokens;
    return debit(taken, first, end, tokens);
  }

  /** Number of resident pages, recounted. */
  get pages(): number {
    return this.runs.reduce((total, run) => total + run.end - run.first, 0);
  }

  /** Index of the first run that ends behind `page`. */
  private firstBehind(page: number): number {
    let low = 0;
    let high = this.runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.runs[middle]!.end <= page) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function shapeProblem(first: number, pages: number, tokens: number): string | undefined {
  if (!Number.isSafeInteger(first) || first < 0) return `page ${first} is not an id`;
  if (!Number.isSafeInteger(pages) || pages < 1) return `${pages} pages: at least 1 must move`;
  if (!Number.isSafeInteger(tokens) || tokens < pages)
    return `${tokens} tokens in ${pages} pages: a page has at least 1`;
  return undefined;
}

/** What stays of the runs that [first, end) is cut out of: a part before, a part behind. */
function remainders(taken: readonly Run[], first: number, end: number): Run[] {
  const left: Run[] = [];
  const head = taken[0]!;
  const tail = taken.at(-1)!;
  if (head.first < first) left.push({ first: head.first, end: first, batch: head.batch });
  if (tail.end > end) left.push({ first: end, end: tail.end, batch: tail.batch });
  return left;
}

/** Takes `tokens` from the batches of the cut-out pages. Returns what doesn't add up. */
function debit(taken: readonly Run[], first: number, end: number, tokens: number): string | undefined {
  const [batch, ...others] = new Set(taken.map((run) => resolve(run.batch)));
  if (batch === undefined) return undefined;
  for (const other of others) {
    batch.pages += other.pages;
    batch.tokens += other.tokens;
    other.mergedInto = batch;
  }
  batch.pages -= end - first;
  batch.tokens -= tokens;
  if (batch.pages === 0 && batch.tokens !== 0)
    return `${tokens} tokens leave, but ${tokens + batch.tokens} came in`;
  if (batch.tokens < batch.pages)
    return `${tokens} tokens leave, and ${batch.tokens} are left for the other ${batch.pages} pages`;
  return undefined;
}

function resolve(batch: Batch): Batch {
  let root = batch;
  while (root.mergedInto !== undefined) root = root.mergedInto;
  return root;
}

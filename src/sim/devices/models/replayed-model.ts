import type { ModelCall, SimulatedModel } from '../../../agents/model/model-call.ts';
import type { ThinkScript } from '../../../kernel/syscalls.ts';
import { CallOrder, processKey } from './call-order.ts';
import { hashOfPrompt, type RecordedAnswer } from './recorded-answers.ts';
import { refusal } from './scripted-model.ts';

/** How the calls of a replay relate to those of the recording. */
export interface ReplayCounts {
  /** The same prompt was asked in the recording. */
  readonly matching: number;
  /** The recording has that call of that process with another prompt: its answer was given all the same. */
  readonly changed: number;
  /** The recording has no such call. */
  readonly missing: number;
}

interface Kept extends RecordedAnswer {
  isUsed: boolean;
}

/**
 * Says again what models said in a recording. An answer is found by process, number of the call and prompt; where other pids were given because agents started in another order,
 * by the prompt within its run; where the prompt is another, by process and number. The counts tell how much of the replay the recording still speaks of: what it says to another
 * prompt predicts time and cost, not the quality of answers.
 */
export class ReplayedModel implements SimulatedModel {
  private readonly otherwise: SimulatedModel | undefined;
  private readonly order = new CallOrder();
  private readonly byPlace = new Map<string, Kept>();
  private readonly byPrompt = new Map<string, Kept[]>();
  /** The last call of each process and what it was told: one that is stopped and goes on is asked about again. */
  private readonly told = new Map<string, { readonly n: number; readonly script: ThinkScript }>();
  private matching = 0;
  private changed = 0;
  private missing = 0;

  /** `otherwise`: who answers what the recording has no call for; default: such calls fail. */
  constructor(answers: Iterable<RecordedAnswer>, otherwise?: SimulatedModel) {
    this.otherwise = otherwise;
    for (const answer of answers) {
      const { identity, nth, prompt } = answer;
      const kept = { ...answer, isUsed: false };
      this.byPlace.set(`${processKey(identity)} ${nth}`, kept);
      const key = `${identity.run} ${prompt}`;
      const alike = this.byPrompt.get(key);
      if (alike === undefined) this.byPrompt.set(key, [kept]);
      else alike.push(kept);
    }
  }

  get counts(): ReplayCounts {
    const { matching, changed, missing } = this;
    return { matching, changed, missing };
  }

  answer(call: ModelCall): ThinkScript {
    const { identity } = call;
    const process = processKey(identity);
    const last = this.told.get(process);
    if (last?.n === identity.n) return last.script;
    const script = this.find(call, process);
    this.told.set(process, { n: identity.n, script });
    return script;
  }

  private find(call: ModelCall, process: string): ThinkScript {
    const { run } = call.identity;
    const nth = this.order.nth(call.identity);
    const prompt = hashOfPrompt(call.messages);
    const own = this.byPlace.get(`${process} ${nth}`);
    if (own?.prompt === prompt && !own.isUsed) return this.use(own);
    const alike = this.byPrompt.get(`${run} ${prompt}`)?.find(({ isUsed }) => !isUsed);
    if (alike !== undefined) return this.use(alike);
    if (own !== undefined) {
      this.changed++;
      own.isUsed = true;
      return own.answer;
    }
    this.missing++;
    return (
      this.otherwise?.answer(call) ??
      refusal(`the recording has no model call ${nth} of process ${call.identity.pid} of run ${run}`)
    );
  }

  private use(kept: Kept): ThinkScript {
    this.matching++;
    kept.isUsed = true;
    return kept.answer;
  }
}

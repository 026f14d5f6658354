/** `ringzero ostep …`: the homework programs of OSTEP, by their own rules (docs/ostep.md). */
import { lotteryTool } from '../../lessons/ostep/tools/lottery.ts';
import { mallocTool } from '../../lessons/ostep/tools/malloc.ts';
import { mlfqTool } from '../../lessons/ostep/tools/mlfq.ts';
import { multiTool } from '../../lessons/ostep/tools/multi.ts';
import { pagingTool } from '../../lessons/ostep/tools/paging.ts';
import { processRunTool } from '../../lessons/ostep/tools/process-run.ts';
import { relocationTool } from '../../lessons/ostep/tools/relocation.ts';
import { schedulerTool } from '../../lessons/ostep/tools/scheduler.ts';
import { segmentationTool } from '../../lessons/ostep/tools/segmentation.ts';
import { translateTool } from '../../lessons/ostep/tools/translate.ts';
import type { CommandGroup } from '../command.ts';
import { relocationView, segmentationView, translateView } from '../ostep/address-views.ts';
import { lotteryView } from '../ostep/lottery-view.ts';
import { mallocView } from '../ostep/malloc-view.ts';
import { mlfqView } from '../ostep/mlfq-view.ts';
import { multiView } from '../ostep/multi-view.ts';
import { pagingView } from '../ostep/paging-view.ts';
import { processRunView } from '../ostep/process-run-view.ts';
import { schedulerView } from '../ostep/scheduler-view.ts';
import { toolCommand } from '../ostep/tool-command.ts';

export const ostepCommands: CommandGroup = {
  name: 'ostep',
  summary: 'The homework programs of OSTEP: their flags, their problems, their answers.',
  commands: [
    toolCommand(schedulerTool, schedulerView),
    toolCommand(mlfqTool, mlfqView),
    toolCommand(lotteryTool, lotteryView),
    toolCommand(multiTool, multiView),
    toolCommand(processRunTool, processRunView),
    toolCommand(pagingTool, pagingView),
    toolCommand(mallocTool, mallocView),
    toolCommand(relocationTool, relocationView),
    toolCommand(segmentationTool, segmentationView),
    toolCommand(translateTool, translateView),
  ],
};

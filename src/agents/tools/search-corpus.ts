/** What the simulated search knows: short texts about operating systems, and about agents run as their processes. */
import type { SearchEntry } from './search.ts';

export const searchCorpus: readonly SearchEntry[] = [
  {
    title: 'Process',
    text: 'A process is a program in execution: its code, its memory, its open files and its state. The kernel keeps what it knows about one in a process control block.',
  },
  {
    title: 'Process states',
    text: 'A process is ready when it could run, running when it has a core, and waiting when it needs something first, such as the end of a disk read. Dispatch, preemption and wake-up move it between them.',
  },
  {
    title: 'Context switch',
    text: 'To run another process the kernel saves the registers of the present one and loads those of the next. The direct cost is a few microseconds; the cold caches and translation buffers afterwards often cost more.',
  },
  {
    title: 'System call',
    text: 'A system call is how a user program asks the kernel for a service. A trap instruction raises the privilege level, the kernel checks the arguments, acts, and returns a result or an error code.',
  },
  {
    title: 'Fork and exec',
    text: 'On Unix fork copies the calling process and exec replaces the program that a process runs. Between the two a shell can redirect files of the child. Copy on write makes the copy cheap.',
  },
  {
    title: 'Thread',
    text: 'Threads of one process share its address space but have their own stack and registers. They switch faster than processes, and they can corrupt each other, so shared data needs locks.',
  },
  {
    title: 'First come, first served scheduling',
    text: 'FIFO scheduling runs jobs in the order of arrival, each to its end. It is simple and fair in order, but short jobs wait behind a long one: the convoy effect ruins the mean turnaround time.',
  },
  {
    title: 'Shortest job first',
    text: 'Running the shortest job first gives the smallest mean turnaround time when all jobs arrive together. It needs to know lengths ahead, and a stream of short jobs can starve a long one.',
  },
  {
    title: 'Round robin scheduling',
    text: 'Round robin gives each ready process a time slice in turn. Response time is good; turnaround is poor, for every job is stretched. A short slice responds faster but pays more context switches.',
  },
  {
    title: 'Multilevel feedback queue',
    text: 'A multilevel feedback queue learns from behaviour: a job that uses up its slice sinks to a lower priority, one that gives up the core early stays high. A periodic boost lifts all jobs against starvation.',
  },
  {
    title: 'Lottery and stride scheduling',
    text: 'Proportional share schedulers divide a processor by tickets. A lottery draws the winner at random; stride scheduling runs the job with the lowest pass value and advances it by a stride, which is exact in every cycle.',
  },
  {
    title: 'Completely fair scheduler',
    text: 'The completely fair scheduler of Linux ran the task with the smallest virtual runtime, kept in a red-black tree. Weights from nice values made virtual time pass slower for important tasks.',
  },
  {
    title: 'Preemption',
    text: 'Preemption takes a core from a running process, usually on a timer interrupt or when a process of higher priority wakes up. Without it one endless loop would own the machine.',
  },
  {
    title: 'Starvation and aging',
    text: 'A process starves when others are always preferred to it. Aging raises the priority of whoever waits, so that everyone runs at last; adding the waiting time to the priority keeps the order constant.',
  },
  {
    title: 'Priority inversion',
    text: 'A task of high priority waits for a lock that a low one holds, while a medium one keeps the low one off the processor. Priority inheritance lends the waiter’s priority to the holder. It troubled Mars Pathfinder in 1997.',
  },
  {
    title: 'Real-time scheduling',
    text: 'Rate monotonic scheduling gives fixed priorities by period; earliest deadline first runs what is due next and can use the processor up to its full capacity. Both need admission control to promise deadlines.',
  },
  {
    title: 'Multiprocessor scheduling',
    text: 'One shared queue balances the load but loses cache affinity and needs a lock; a queue per core scales, but work must migrate from busy cores to idle ones, for instance by work stealing.',
  },
  {
    title: 'Virtual memory',
    text: 'Virtual memory gives each process an address space of its own. Hardware translates virtual addresses to physical ones with tables that the kernel writes, which isolates processes and lets memory hold more than fits.',
  },
  {
    title: 'Paging',
    text: 'Paging divides memory into frames and address spaces into pages of one size. A page table maps pages to frames; there is no external fragmentation, and any free frame will do.',
  },
  {
    title: 'Translation lookaside buffer',
    text: 'A TLB caches recent translations from page to frame. A miss costs a walk of the page table. Address space identifiers spare a flush at each context switch, and huge pages let one entry cover more.',
  },
  {
    title: 'Page fault',
    text: 'A page fault is a trap for an access to a page that is not present. The kernel finds a frame, reads the page from disk or fills it with zeros, repairs the table and repeats the instruction.',
  },
  {
    title: 'Demand paging',
    text: 'With demand paging a page is loaded when it is first touched. Programs start faster and unused pages never cost anything, at the price of compulsory faults; prefetching neighbours reduces them.',
  },
  {
    title: 'Optimal page replacement',
    text: 'Belady’s algorithm evicts the page whose next use lies farthest in the future. No policy has fewer misses, but it must know the future, so it serves as the bound that others are measured against.',
  },
  {
    title: 'Least recently used',
    text: 'LRU evicts the page that was not used for the longest time, on the assumption that the recent past resembles the near future. A loop slightly larger than memory defeats it: every access misses.',
  },
  {
    title: 'Clock algorithm',
    text: 'The clock algorithm approximates LRU with one use bit per page. A hand sweeps the frames: it clears set bits and evicts the first page whose bit is clear. Corbató described it for Multics.',
  },
  {
    title: 'Belady’s anomaly',
    text: 'With FIFO replacement more frames can cause more page faults. Stack algorithms such as LRU are immune: what they keep in a small memory is always part of what they keep in a larger one.',
  },
  {
    title: 'Scan-resistant caching',
    text: 'A single pass over many pages flushes a plain LRU cache. Policies such as 2Q, ARC, LIRS and S3-FIFO make a page prove itself by a second use before it displaces those that are used often.',
  },
  {
    title: 'Working set',
    text: 'The working set of a process is the set of pages that it used within its last window of time. Denning proposed to run a process only while its working set fits into memory.',
  },
  {
    title: 'Thrashing',
    text: 'A system thrashes when the working sets of its processes together exceed memory: they evict each other’s pages and spend their time on page faults. Adding processes makes it worse; load control suspends some.',
  },
  {
    title: 'Swap space',
    text: 'Swap space on disk takes pages that do not fit into memory. Pages that were changed must be written before their frame is reused; clean ones can be dropped and read again.',
  },
  {
    title: 'Copy on write',
    text: 'Copy on write lets two processes share a page as long as neither changes it. The first write faults and gets a private copy. It makes fork cheap and lets identical memory be held once.',
  },
  {
    title: 'Fragmentation',
    text: 'External fragmentation leaves free memory in pieces too small to use; internal fragmentation wastes the rest of a block that is larger than asked for. Buddy and slab allocators trade one against the other.',
  },
  {
    title: 'Mutual exclusion and locks',
    text: 'A lock lets one thread at a time into a critical section. Spinning suits short waits on several cores, sleeping suits long ones. Atomic instructions such as compare and swap are what locks are built from.',
  },
  {
    title: 'Readers and writers',
    text: 'A read-write lock admits many readers or one writer. If readers may pass a waiting writer, writers can starve; serving requests in order of arrival avoids that and gives up a little parallelism.',
  },
  {
    title: 'Semaphore',
    text: 'A semaphore is a counter with two operations: one waits until the counter is positive and lowers it, the other raises it and wakes a waiter. Dijkstra introduced it; it serves for locks and for ordering.',
  },
  {
    title: 'Deadlock',
    text: 'Deadlock needs four conditions: mutual exclusion, hold and wait, no preemption and a circular wait. Taking all locks at once, or always in one global order, removes one of them.',
  },
  {
    title: 'Banker’s algorithm',
    text: 'The banker’s algorithm grants a request only if all processes could still finish in some order with the most that they declared to need. It avoids deadlock, but needs the declarations ahead.',
  },
  {
    title: 'Inode',
    text: 'An inode describes a file on disk: owner, permissions, size, times, and where its blocks are. Directories map names to inode numbers, so one file can have several names, called hard links.',
  },
  {
    title: 'Journaling',
    text: 'A journaling file system writes what it is about to change to a log first. After a crash it replays complete entries and ignores incomplete ones, instead of checking the whole disk.',
  },
  {
    title: 'Group commit',
    text: 'A flush to stable storage is slow, whatever its size. Group commit lets all transactions that wait share one flush, so that throughput grows with load while each is durable before it is acknowledged.',
  },
  {
    title: 'Checkpoint and restart',
    text: 'A checkpoint saves enough state to continue a computation after a crash. Between checkpoints a log of inputs suffices if the program is deterministic: replaying it leads to the same state.',
  },
  {
    title: 'Capabilities',
    text: 'A capability is an unforgeable token that names an object and what its holder may do with it. Passing only what a child needs follows the principle of least privilege.',
  },
  {
    title: 'Microkernel',
    text: 'A microkernel keeps only address spaces, threads and message passing in privileged mode; drivers and file systems are user processes. Faults stay contained, and fast messages decide its speed.',
  },
  {
    title: 'Message passing',
    text: 'Processes that share no memory communicate by messages through ports, pipes or mailboxes. A bounded mailbox makes a fast sender wait or fail, so that it can’t exhaust the memory of a slow receiver.',
  },
  {
    title: 'Interrupt',
    text: 'An interrupt makes the processor leave its program for a handler, because a device is done or a timer ran out. Handlers do little and defer the rest; under heavy load polling can be cheaper.',
  },
  {
    title: 'Virtual machine monitor',
    text: 'A hypervisor runs whole operating systems as guests. Privileged instructions trap and are emulated, nested page tables translate twice, and a balloon driver takes memory back from a guest.',
  },
  {
    title: 'KV cache paging',
    text: 'Servers of language models keep the attention keys and values of each token in a KV cache. Paged attention stores it in blocks, as an operating system pages memory, so that equal prompt prefixes are shared.',
  },
  {
    title: 'Prefill and decode',
    text: 'A language model first reads the prompt in parallel, the prefill, and then writes the answer token by token, the decode. A cached prefix saves prefill; an evicted one must be paid for again.',
  },
];

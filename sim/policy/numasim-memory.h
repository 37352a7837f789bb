/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * numasim-memory.h - the memory half of numasim-policy.h, which includes it: memory policies, pages,
 * the roles numa and tier, and what the host offers them. Never include it alone.
 *
 * PAGES ARE POPULATIONS. The host does not keep pages but how many are alike: a struct numasim_pages
 * stands for nr_pages exchangeable ones within a stretch of a region. What a policy does to nr of
 * them happens to any nr of them. Pages are counted in base pages (page_size of the machine, 4 KiB)
 * throughout, a huge page as 512 of them, unless a field says otherwise.
 *
 * WHAT THE HOST DOES. It draws which accesses meet a protected page, charges faults, scans, copies and
 * TLB shootdowns to the CPU they happen on, keeps where pages lie, and counts what /proc/vmstat counts
 * of its own doing. What a policy alone can know (a hit, a miss, a candidate) the policy counts, in
 * the node's vmstat[], which it may write.
 */
#ifndef NUMASIM_MEMORY_H
#define NUMASIM_MEMORY_H

/* ------------------------------------------------------------------------------------------- */
/* Memory policies                                                                              */

/* set_mempolicy(2), mbind(2): the kernel's numbers (include/uapi/linux/mempolicy.h). */
enum numasim_mpol {
    NUMASIM_MPOL_DEFAULT,
    NUMASIM_MPOL_PREFERRED,
    NUMASIM_MPOL_BIND,
    NUMASIM_MPOL_INTERLEAVE,
    NUMASIM_MPOL_LOCAL,
    NUMASIM_MPOL_PREFERRED_MANY,
    NUMASIM_MPOL_WEIGHTED_INTERLEAVE,
    NUMASIM_NR_MPOLS
};
#define NUMASIM_MPOL_F_NUMA_BALANCING (1u << 13)
#define NUMASIM_MPOL_F_RELATIVE_NODES (1u << 14)
#define NUMASIM_MPOL_F_STATIC_NODES   (1u << 15)

/* A policy as it stands: @nodes are those in effect, after cpusets and rebinding. */
struct numasim_mempolicy {
    uint8_t mode;          /* enum numasim_mpol */
    uint32_t flags;        /* NUMASIM_MPOL_F_* */
    const uint64_t *nodes; /* bitmap of nodes; NULL where the mode has none */
    int32_t home_node;     /* set_mempolicy_home_node(2), -1 none */
};

/* ------------------------------------------------------------------------------------------- */
/* Regions and pages                                                                            */

/* A mapped range of a process: a VMA. */
struct numasim_region {
    int32_t id; /* within its process, by address */
    const char *name;
    int64_t size_bytes;
    int64_t page_bytes; /* of a page at most: base, 16 or 64 KiB (mTHP), 2 MiB, 1 GiB */
    int64_t nr_pages;   /* base pages */
    int64_t first_vpn;  /* virtual page number of its start, in base pages */
    bool hugetlb;       /* from a node's pool, never migrated by hint faults */
    bool file;          /* page cache; else anonymous */
    bool shared;        /* MAP_SHARED: other processes may map the same pages */
    bool writable;      /* false: text, a file mapped for reading */
    const struct numasim_mempolicy *mempolicy; /* its own (mbind), or NULL: the task's holds */
    const int64_t *bytes_by_node;              /* [nr_nodes] */
    void *state[NUMASIM_NR_ROLES];             /* region_state_size */
};

/*
 * What /proc/PID/sched says of a task's NUMA balancing: the host's memory, which the numa role writes.
 * The averages of memory faults by node, as kernel/sched/debug.c prints them.
 * Those of its group are as they were when the task last looked.
 */
struct numasim_numa_stats {
    int32_t scan_seq; /* mm->numa_scan_seq */
    int32_t group_id; /* 0: none */
    bool has_faults;  /* it has had a hint fault that counts (p->numa_faults) */
    uint64_t pages_migrated, total_faults;
    uint64_t *task_private, *task_shared, *group_private, *group_shared; /* [nr_nodes] */
};

/*
 * Clean copies of pages on further nodes, which all of a population have alike. A replica is what CPUs of
 * its node read instead of the page; any other copy is a shadow, which nobody reads: what is left of a page
 * that moved, as long as it is the same. A copy takes memory of its node as the page does, and counts
 * for its cgroup. It goes when the page is stored to (the access faults; all of them go), when the page
 * goes, when it is dropped or reclaimed, or when the page moves to its node: it is the page then,
 * and nothing is copied. Pages of hugetlb pools have none.
 */
struct numasim_copies {
    int32_t nr;               /* nodes that have one; never the page's own */
    const uint64_t *nodes;    /* bitmap of them */
    const uint64_t *replicas; /* of those, the ones whose copy is a replica */
};

/* Pages alike. */
struct numasim_pages {
    struct numasim_process *process;
    int32_t region;
    int32_t node;         /* where they lie */
    int64_t first, span;  /* the stretch of the region they are part of, in pages from its start */
    int64_t nr_pages;     /* of that stretch, in base pages */
    int64_t page_bytes;   /* of one page: a huge one moves as a whole */
    int32_t last_cpu;     /* who faulted on them last (last_cpupid), -1 nobody yet */
    int32_t last_pid;     /* low 8 bits of its task's id */
    int64_t protected_ns; /* when they were protected; -1: they are not */
    uint32_t tag;         /* the tier policy's, 0 at first: see numasim_tag_pages() */
    /* Expected accesses to each of them, x 256, since they were last tagged; before that, since they came
     * or the first daemon was woken (numasim_wake_daemon()). Nobody counts as long as neither was. */
    uint64_t accesses_x256;
    uint64_t cookie[2]; /* the host's */
    int32_t cgroup;     /* which they are charged to, see numasim_memcg(); 0: the root */
    const struct numasim_copies *copies; /* NULL: they have none */
};

/* What memory.events counts of a cgroup (include/linux/memcontrol.h: enum memcg_memory_event). */
enum numasim_memcg_event {
    NUMASIM_MEMCG_LOW, /* reclaimed although below memory.low: the policy counts it */
    NUMASIM_MEMCG_HIGH,
    NUMASIM_MEMCG_MAX,
    NUMASIM_MEMCG_OOM,
    NUMASIM_MEMCG_OOM_KILL,
    NUMASIM_NR_MEMCG_EVENTS
};

/* The memory controller of a cgroup (v2). Limits are INT64_MAX where there is none, protections 0. */
struct numasim_memcg {
    int32_t cgroup, parent; /* parent -1: the root's */
    int64_t usage_bytes;    /* memory.current: its own and those below */
    int64_t peak_bytes;     /* memory.peak */
    int64_t max_bytes, high_bytes, low_bytes, min_bytes;
    /* Sums over its children of what of their usage lies within memory.low, memory.min. */
    int64_t children_low_bytes, children_min_bytes;
    uint64_t
        events[NUMASIM_NR_MEMCG_EVENTS]; /* its own (memory.events.local); LOW is the policy's */
};

/*
 * What /proc/vmstat and nodeN/vmstat count, under the kernel's names in lower case (mm/vmstat.c, 6.12
 * and 7.3). The host's own: pgfault, pgalloc, numa_pte_updates, numa_huge_pte_updates,
 * numa_hint_faults*, numa_pages_migrated, pgmigrate_*, thp_migration_*, thp_collapse_alloc, pgtransact_*.
 * The rest are the policies'.
 */
enum numasim_vm_item {
    NUMASIM_NUMA_HIT,
    NUMASIM_NUMA_MISS,
    NUMASIM_NUMA_FOREIGN,
    NUMASIM_NUMA_INTERLEAVE,
    NUMASIM_NUMA_LOCAL,
    NUMASIM_NUMA_OTHER,
    NUMASIM_PGPROMOTE_SUCCESS,
    NUMASIM_PGPROMOTE_CANDIDATE,
    NUMASIM_PGPROMOTE_CANDIDATE_NRL,
    NUMASIM_PGDEMOTE_KSWAPD,
    NUMASIM_PGDEMOTE_DIRECT,
    NUMASIM_PGDEMOTE_KHUGEPAGED,
    NUMASIM_PGDEMOTE_PROACTIVE,
    NUMASIM_PGALLOC,
    NUMASIM_PGFREE,
    NUMASIM_PGFAULT,
    NUMASIM_PGSCAN_KSWAPD,
    NUMASIM_PGSCAN_DIRECT,
    NUMASIM_PGSTEAL_KSWAPD,
    NUMASIM_PGSTEAL_DIRECT,
    NUMASIM_ZONE_RECLAIM_SUCCESS,
    NUMASIM_ZONE_RECLAIM_FAILED,
    NUMASIM_OOM_KILL,
    NUMASIM_NUMA_PTE_UPDATES,
    NUMASIM_NUMA_HUGE_PTE_UPDATES,
    NUMASIM_NUMA_HINT_FAULTS,
    NUMASIM_NUMA_HINT_FAULTS_LOCAL,
    NUMASIM_NUMA_PAGES_MIGRATED,
    NUMASIM_PGMIGRATE_SUCCESS,
    NUMASIM_PGMIGRATE_FAIL,
    NUMASIM_THP_FAULT_ALLOC,
    NUMASIM_THP_FAULT_FALLBACK,
    NUMASIM_THP_MIGRATION_SUCCESS,
    NUMASIM_THP_MIGRATION_FAIL,
    NUMASIM_THP_MIGRATION_SPLIT,
    NUMASIM_HTLB_BUDDY_ALLOC_SUCCESS,
    NUMASIM_THP_COLLAPSE_ALLOC,
    NUMASIM_THP_COLLAPSE_ALLOC_FAILED,
    /* Of no kernel: base pages that transactions moved, and those that were written meanwhile. */
    NUMASIM_PGTRANSACT_SUCCESS,
    NUMASIM_PGTRANSACT_ABORT,
    NUMASIM_NR_VM_ITEMS
};

/* ------------------------------------------------------------------------------------------- */
/* Role: numa - hint faults, preferred nodes, task and page migration                           */

/* Hint faults alike: @task, running on @cpu, met nr_faults protected pages of one population. */
struct numasim_fault {
    struct numasim_task *task;
    int32_t cpu;
    struct numasim_pages pages; /* pages.nr_pages are the base pages of all nr_faults together */
    int64_t nr_faults;
    bool write;          /* what the task does here stores, be it not with each access */
    uint32_t writes_ppm; /* of its accesses here, how many store */
    /*
     * The answer. The host has set: nowhere, all of them, as before, no copies.
     */
    int32_t target;                     /* node to move them to, -1: they stay */
    int64_t nr_move;                    /* how many of nr_faults move, any of them */
    int32_t set_last_cpu, set_last_pid; /* what the pages remember as last_cpu, last_pid */
    const uint64_t *replicate;          /* nodes (bitmap) where those that stay get replicas, as by
                                           numasim_copy_pages(); NULL: nowhere */
    bool shadow;                        /* those that move leave a shadow where they lay */
    uint32_t set_tag; /* their tag; another than they had begins their accesses_x256 anew */
    /* What came of it, for fault_done(). */
    int64_t nr_moved;
};

struct numasim_numa_ops {
    /* The tick of a CPU whose current task @task has memory. Returns as balance's tick(). Optional. */
    int64_t (*tick)(struct numasim_self *self, struct numasim_task *task);

    /* @task, which runs, returns to user mode after numasim_task_work(); what it does here is charged
     * to it. Optional. */
    void (*task_work)(struct numasim_self *self, struct numasim_task *task);

    /* Hint faults: decides what happens to the pages, see struct numasim_fault. Optional, default:
     * they stay. */
    void (*hint_fault)(struct numasim_self *self, struct numasim_fault *fault,
                       struct numasim_decision *d);
    /* After the host did as decided: for accounting, and for moving tasks. Optional. */
    void (*fault_done)(struct numasim_self *self, const struct numasim_fault *fault);

    /* Pages that had copies were stored to, and have none any more: @fault->pages as they were. Of the
     * answer only set_last_cpu and set_last_pid count. Optional. */
    void (*collapsed)(struct numasim_self *self, struct numasim_fault *fault);

    /*
     * @task ran on @cpu_node and missed its LLC @accesses[n] times to node n (n < nr_nodes) since the
     * last call, and wrote @writes[n] lines back there. Called when a stretch of running ends or its rate
     * changes; both are valid until it returns or moves pages. Optional; no kernel sees this.
     */
    void (*accessed)(struct numasim_self *self, struct numasim_task *task, int32_t cpu_node,
                     const uint64_t *accesses, const uint64_t *writes);

    /* @task changed node. Optional. */
    void (*moved)(struct numasim_self *self, struct numasim_task *task, int32_t from_node,
                  int32_t to_node);

    /* @task execs: what it knew of its memory is void. Optional. */
    void (*exec)(struct numasim_self *self, struct numasim_task *task);

    /* Query: does moving @task from node @src to @dst help (> 0), harm (< 0), or make no difference
     * to its locality? Answers numasim_locality(). Optional, default 0. */
    int32_t (*locality)(struct numasim_self *self, const struct numasim_task *task, int32_t src,
                        int32_t dst);
};

/* ------------------------------------------------------------------------------------------- */
/* Role: tier - where pages are allocated, demoted, promoted                                    */

/* First touch of nr_pages pages in order of address, by @task on @cpu. */
struct numasim_alloc {
    struct numasim_task *task;
    const struct numasim_region *region;
    int32_t cpu, cpu_node;
    int64_t first;           /* the first of them, in base pages from the region's start */
    int64_t nr_pages;        /* base pages, a multiple of page_bytes unless the region ends */
    int64_t page_bytes;      /* the size that the region asks for */
    bool write;              /* false: a read maps the zero page, and nothing is allocated yet */
    const uint64_t *allowed; /* cpuset.mems, bitmap; NULL: all */
    /*
     * The answer: nr pages are done, of size got_page_bytes (page_bytes or less), nr_by_node[n] of them
     * on node n, spread evenly among them. nr 0 with @failed: there is no memory for the next one; the
     * host asks again for the rest otherwise. nr 0 without @failed is a fault of the policy's.
     */
    int64_t nr;
    int64_t got_page_bytes;
    int64_t *nr_by_node; /* [nr_nodes], zeroed */
    bool failed;
};

struct numasim_tier_ops {
    /* Where pages go, and counting it (numa_hit and its like; host_alloc() has the engine's own).
     * Optional, default: the nearest allowed node with free memory in the kernel's fallback order. */
    void (*alloc)(struct numasim_self *self, struct numasim_alloc *a, struct numasim_decision *d);

    /* @node has less than its low_bytes free after an allocation. Optional. */
    void (*low_memory)(struct numasim_self *self, int32_t node);

    /*
     * The kernel thread of @node (kswapdN, kmigrated...) runs: numasim_wake_daemon() or its time had
     * come. What it does is charged to it, as it runs where the balancer puts it. Returns when it wants
     * to run again, NUMASIM_TIME_NEVER: when woken. Optional.
     */
    int64_t (*daemon)(struct numasim_self *self, int32_t node);

    /* The name of @node's kernel thread, e.g. "kswapd": the host appends the node. Optional. */
    const char *daemon_name;

    /*
     * try_to_free_mem_cgroup_pages(): @cgroup is at a limit, and a task on @cpu that asks for memory
     * reclaims about @bytes of what it and those below it are charged for. Returns what was reclaimed,
     * demoted pages included, which stay charged. Optional, default: nothing can be.
     */
    int64_t (*reclaim)(struct numasim_self *self, int32_t cgroup, int32_t cpu, int64_t bytes);

    /* The same as daemon() for the one kernel thread that is bound to no node: numasim_wake_thread().
     * Optional. */
    int64_t (*thread)(struct numasim_self *self);
    const char *thread_name; /* e.g. "khugepaged" */
    int32_t thread_nice;     /* -20..19 */

    /* The program told the kernel by madvise(2) that from now on @region wants pages of its page_bytes at
     * most. Optional. */
    void (*advised)(struct numasim_self *self, struct numasim_process *process,
                    const struct numasim_region *region);
};

/* ------------------------------------------------------------------------------------------- */
/* What the host offers to both                                                                 */

/* Lets task_work() follow when @task, which runs, next returns to user mode: at the end of the tick. */
NUMASIM_API void numasim_task_work(struct numasim_host *host, struct numasim_task *task);

struct numasim_protected {
    int64_t nr_present;        /* pages that were there to look at, a huge one as one */
    int64_t nr_pages, nr_huge; /* now protected that were not: base pages in all; huge pages */
    int64_t cost_ns;           /* what was charged for it */
};
/*
 * change_prot_numa(): protects the pages of a region from page @first on, @nr_pages of them, except
 * those on a node of @skip_nodes (bitmap, NULL none), so that the next access to each is a hint fault.
 * Charges the walk and one TLB shootdown to the CPU of @task, which runs.
 */
NUMASIM_API struct numasim_protected
numasim_protect_pages(struct numasim_host *host, struct numasim_task *task, int32_t region,
                      int64_t first, int64_t nr_pages, const uint64_t *skip_nodes);
/* The same with huge pages (2 MiB and more) apart: those on a node of @skip_huge are left out, whatever
 * @skip_nodes says. */
NUMASIM_API struct numasim_protected
numasim_protect_range(struct numasim_host *host, struct numasim_task *task, int32_t region,
                      int64_t first, int64_t nr_pages, const uint64_t *skip_nodes,
                      const uint64_t *skip_huge);

/*
 * Iterates over populations: of all processes if @process is NULL, on @node (-1: all). Zero *@pages at
 * first; false at the end. In order of process, region, address. Moving or tagging what was just
 * returned is allowed; it, or parts of it, do not come again. 
 */
NUMASIM_API bool numasim_next_pages(struct numasim_host *host, struct numasim_process *process,
                                    int32_t node, struct numasim_pages *pages);

/* Moves @nr_pages of @pages (a multiple of their page_bytes) to @to, as migrate_pages() does; charged
 * to @cpu. Returns how many moved: bounded by what is there, what is free above @to's @floor_bytes,
 * and what may lie there (cpuset). */
NUMASIM_API int64_t numasim_move_pages(struct numasim_host *host, int32_t cpu,
                                       const struct numasim_pages *pages, int64_t nr_pages,
                                       int32_t to, int64_t floor_bytes);
/* The same as reclaim does it: wherever the cpuset allows or not (mm/vmscan.c: demote_folio_list(),
 * 6.12). What was known of them there is void: tag 0, and accesses since the run's start. */
NUMASIM_API int64_t numasim_demote_pages(struct numasim_host *host, int32_t cpu,
                                         const struct numasim_pages *pages, int64_t nr_pages,
                                         int32_t to, int64_t floor_bytes);
/*
 * Gives @nr_pages of @pages (a multiple of their page_bytes) a replica on each node of @nodes (bitmap)
 * where they neither lie nor have a copy, and makes replicas of shadows there; the copying is charged
 * to @cpu. Returns how many of them have all of these now: bounded by what is there, what each node has
 * free above its high watermark and the cgroup up to its limit, and what may lie there (cpuset).
 */
NUMASIM_API int64_t numasim_copy_pages(struct numasim_host *host, int32_t cpu,
                                       const struct numasim_pages *pages, int64_t nr_pages,
                                       const uint64_t *nodes);
/* numasim_move_pages(), but what lay there stays as a shadow copy. To demote such a page to where its
 * shadow is then copies nothing, by numasim_demote_pages() or any other way. */
NUMASIM_API int64_t numasim_move_pages_shadowed(struct numasim_host *host, int32_t cpu,
                                                const struct numasim_pages *pages, int64_t nr_pages,
                                                int32_t to, int64_t floor_bytes);
/* Frees what copies @nr_pages of @pages have on @nodes (bitmap; NULL: on all). Returns how many pages
 * had any. */
NUMASIM_API int64_t numasim_drop_copies(struct numasim_host *host, int32_t cpu,
                                        const struct numasim_pages *pages, int64_t nr_pages,
                                        const uint64_t *nodes);
/* Frees up to @nr_pages copies on @node, whichever, in order of process, region and address: reclaim.
 * Returns how many base pages that was. The host itself does so where an allocation would fail else. */
NUMASIM_API int64_t numasim_reclaim_copies(struct numasim_host *host, int32_t cpu, int32_t node,
                                           int64_t nr_pages);
struct numasim_transaction {
    int64_t nr_moved;   /* base pages that lie on @to now */
    int64_t nr_aborted; /* copies of pages that were written meanwhile, in base pages */
};
/*
 * numasim_move_pages(), with @shadow numasim_move_pages_shadowed(), as a transaction: each page is copied
 * while it stays mapped and accessible, and the copy takes its place if nobody wrote to it meanwhile;
 * else it stays, and is copied again in the next of up to @passes passes (NOMAD, OSDI 2024). All copies
 * are charged to @cpu, each with a TLB shootdown more than a move has. Pages of a hugetlb pool stay.
 */
NUMASIM_API struct numasim_transaction
numasim_transact_pages(struct numasim_host *host, int32_t cpu, const struct numasim_pages *pages,
                       int64_t nr_pages, int32_t to, int64_t floor_bytes, int32_t passes,
                       bool shadow);
/* Gives @nr_pages of @pages another tag, and begins their accesses_x256 anew. */
NUMASIM_API void numasim_tag_pages(struct numasim_host *host, const struct numasim_pages *pages,
                                   int64_t nr_pages, uint32_t tag);
/* Splits the huge pages among @nr_pages of @pages into base pages. */
NUMASIM_API void numasim_split_pages(struct numasim_host *host, int32_t cpu,
                                     const struct numasim_pages *pages, int64_t nr_pages);
/* Frees @nr_pages of @pages, which are file pages and clean: reclaim. The next access reads them
 * again. Returns how many were. */
NUMASIM_API int64_t numasim_drop_pages(struct numasim_host *host, int32_t cpu,
                                       const struct numasim_pages *pages, int64_t nr_pages);

/* The memory controller of @cgroup; NULL if nobody set a limit or protection of memory, or there is no
 * such cgroup. */
NUMASIM_API struct numasim_memcg *numasim_memcg(struct numasim_host *host, int32_t cgroup);

/* The CPU where @node's daemon is, which what it does is charged to; -1 if it was never woken. */
NUMASIM_API int32_t numasim_daemon_cpu(const struct numasim_host *host, int32_t node);
/* Bytes of a base page. */
NUMASIM_API int64_t numasim_page_bytes(const struct numasim_host *host);

/* Wakes @node's daemon: at once, or at @at_ns. */
NUMASIM_API void numasim_wake_daemon(struct numasim_host *host, int32_t node, int64_t at_ns);

/* Wakes the thread that is bound to no node, and where it is: as the two above. */
NUMASIM_API void numasim_wake_thread(struct numasim_host *host, int64_t at_ns);
NUMASIM_API int32_t numasim_thread_cpu(const struct numasim_host *host);

/* What stands in a region where one transparent huge page could, 2 MiB; in base pages. */
struct numasim_huge_place {
    bool huge;           /* there is one */
    int64_t nr_none;     /* else: pages that nobody has touched yet */
    int64_t *nr_by_node; /* and the others: the caller's, [nr_nodes] */
};
/*
 * Looks at the base pages of @region from @first on, as hpage_collapse_scan_pmd() does; charged to @cpu.
 * False where no huge page could stand: at a region's end, if pages are a file's, shared by processes,
 * or of a pool, or if the process has ended. Where base and huge pages are exchangeable, which of them stand here is one draw.
 */
NUMASIM_API bool numasim_scan_place(struct numasim_host *host, int32_t cpu,
                                    struct numasim_process *process, int32_t region, int64_t first,
                                    struct numasim_huge_place *place);
/*
 * Makes a huge page on @node of what numasim_scan_place() just found there, which was no huge one, as
 * collapse_huge_page() does; copying is charged to @cpu. False: @node has no room for one more above
 * @floor_bytes, or the process's cgroup may not be charged for it.
 */
NUMASIM_API bool numasim_collapse_place(struct numasim_host *host, int32_t cpu,
                                        struct numasim_process *process, int32_t region,
                                        int64_t first, int32_t node, int64_t floor_bytes);

/* Present latency from CPUs of @from to memory of @to under load, in ns (as the CHA counters give it
 * by Little's law); present use of @node's controller in parts per million. */
NUMASIM_API int64_t numasim_loaded_latency_ns(struct numasim_host *host, int32_t from, int32_t to);
NUMASIM_API int32_t numasim_utilisation_ppm(struct numasim_host *host, int32_t node);

/* Draws by the policy stream, pure functions of (@entity, @index): how many of @n things of @ppm
 * probability each happen; how many events of mean @mean_x256 / 256 happen. */
NUMASIM_API int64_t numasim_binomial(const struct numasim_host *host, uint64_t entity,
                                     uint64_t index, int64_t n, uint32_t ppm);
NUMASIM_API int64_t numasim_poisson(const struct numasim_host *host, uint64_t entity,
                                    uint64_t index, uint64_t mean_x256);

/* For the numa role: names the node the balancer should keep the task near; -1 none. */
NUMASIM_API void numasim_set_preferred_node(struct numasim_host *host, struct numasim_task *task,
                                            int32_t node);
/* Exchanges two tasks' CPUs, both running or waiting there, by way of the stoppers (migrate_swap()).
 * False if either may not run on the other's CPU or has moved. */
NUMASIM_API bool numasim_swap_tasks(struct numasim_host *host, struct numasim_task *a,
                                    struct numasim_task *b);
/* The task with id @task, or NULL if it is dead. */
NUMASIM_API struct numasim_task *numasim_task_by_id(struct numasim_host *host, int32_t task);
/* Bytes of the task's regions that lie on each node: [nr_nodes], or NULL without memory. */
NUMASIM_API const int64_t *numasim_task_bytes(const struct numasim_host *host,
                                              const struct numasim_task *task);
/* migrate_pages(2): moves up to @nr_pages pages of region @region of @process from node to node, whichever
 * of them; the copy is charged to @cpu. Returns how many moved (bounded by what is there and free). */
NUMASIM_API int64_t numasim_migrate_pages(struct numasim_host *host, int32_t cpu,
                                          struct numasim_process *process, int32_t region,
                                          int32_t from, int32_t to, int64_t nr_pages);
NUMASIM_API int32_t numasim_nr_regions(const struct numasim_process *process);
NUMASIM_API struct numasim_region *numasim_region(const struct numasim_process *process,
                                                  int32_t region);
/* The nodes that @node's CPUs fall back to, in order (build_zonelists()); [nr_nodes], without memory
 * last. */
NUMASIM_API const int32_t *numasim_fallback(const struct numasim_host *host, int32_t node);

#endif

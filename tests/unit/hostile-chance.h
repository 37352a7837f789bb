/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policies of test-hostile decide by: chance, and whether they keep to the rules. */
#ifndef NUMASIM_TESTS_UNIT_HOSTILE_CHANCE_H
#define NUMASIM_TESTS_UNIT_HOSTILE_CHANCE_H

#include "policy/numasim-policy.h"

struct chance {
    uint64_t index;
    bool lawless, woken;
    int32_t depth; /* of callbacks inside of callbacks */
    int64_t last_ns;
    int32_t moves; /* at the present instant */
};

static inline uint64_t below(struct numasim_self *self, uint64_t n)
{
    struct chance *c = self->state;

    return numasim_random(self->host, 7, c->index++, n);
}

static inline bool one_in(struct numasim_self *self, uint64_t n)
{
    return below(self, n) == 0;
}

static inline bool lawless(const struct numasim_self *self)
{
    return ((const struct chance *)self->state)->lawless;
}

/* Once in a while, for the lawless. */
static inline bool errs(struct numasim_self *self)
{
    return lawless(self) && one_in(self, 2000);
}

#endif

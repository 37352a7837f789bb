/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refused: exports no descriptor. */
#include <numasim-policy.h>

NUMASIM_API extern const int not_a_policy;
const int not_a_policy = 1;
